#include "app/demo/edge.hpp"

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"

namespace syncline::app {

Result<std::unique_ptr<Edge>> Edge::open(std::string name, const std::string& url,
                                         std::int64_t clock_offset_us) {
  std::unique_ptr<Edge> edge(new Edge(std::move(name), clock_offset_us));
  Replica::Options options;
  options.clock = &edge->clock_;
  auto replica = Replica::open(std::move(options));
  if (!replica) return replica.error();
  edge->replica_ = std::move(*replica);
  HttpTransportOptions transport_options;
  transport_options.url = url;
  auto transport = make_http_transport(std::move(transport_options));
  if (!transport) return transport.error();
  edge->transport_ = std::move(*transport);
  SyncClient::Options client_options;
  client_options.name = edge->name_;
  edge->client_ = std::make_unique<SyncClient>(*edge->replica_, *edge->transport_, client_options);
  return edge;
}

Result<void> Edge::load(const std::vector<SourceRow>& rows) {
  std::vector<Write> writes;
  writes.reserve(rows.size());
  for (const SourceRow& row : rows) {
    Write write;
    write.kind = WriteKind::insert;
    write.table = row.table;
    write.row_id = row.row_id;
    write.payload = Payload::json(row.data);
    writes.push_back(write);
  }
  const BatchResult result = replica_->write_batch(writes);
  if (!result.failures.empty()) return result.failures.front().error;
  return {};
}

Result<void> Edge::edit(const std::string& table, const std::string& row_id, const Edit& edit) {
  Result<WriteResult> written = [&] {
    if (edit.kind == WriteKind::erase) return replica_->erase(table, row_id);
    if (edit.kind == WriteKind::insert) {
      return replica_->insert(table, row_id, Payload::json(edit.value));
    }
    const Row row = replica_->get(table, row_id);
    auto data = row.exists() ? parse_json(row.winner->data) : nlohmann::json::object();
    if (data.is_object()) data[edit.member] = edit.value;
    return replica_->update(table, row_id, Payload::json(dump_json(data)));
  }();
  if (!written) {
    return Error(written.error().code,
                 name_ + ", " + table + '/' + row_id + ": " + written.error().detail);
  }
  return {};
}

}  // namespace syncline::app
