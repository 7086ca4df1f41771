// Two devices keep working without a connection and catch up with a server when there is one. The
// server runs in this program, to keep the example in one piece.
#include <iostream>

#include "syncline/server.hpp"
#include "syncline/sync_client.hpp"

using syncline::Payload;

namespace {

// One device: a replica of its own and the client that exchanges it with the server.
struct Device {
  std::unique_ptr<syncline::Replica> replica;
  std::unique_ptr<syncline::Transport> transport;
  std::unique_ptr<syncline::SyncClient> client;

  Device(const std::string& name, const std::string& url) {
    syncline::Replica::Options options;
    options.tenant = "field-work";  // the same as on the server: it goes into conflict ids
    replica = syncline::Replica::open(std::move(options)).value();
    syncline::HttpTransportOptions transport_options;
    transport_options.url = url;
    transport = syncline::make_http_transport(transport_options).value();
    syncline::SyncClient::Options client_options;
    client_options.tenant = "field-work";
    client_options.name = name;
    client = std::make_unique<syncline::SyncClient>(*replica, *transport, client_options);
  }

  void sync(const char* who) {
    const syncline::SyncReport report = client->sync().value();
    std::cout << who << ": pushed " << report.pushed << ", pulled " << report.pulled
              << ", conflicts " << report.conflicts.size() << ", requests " << report.requests
              << '\n';
  }
};

}  // namespace

int main() {
  syncline::TenantManager tenants;
  const auto tenant = tenants.create("field-work", "pro").value();
  const auto server = syncline::Server::start(tenants, {}).value();

  Device tablet("tablet", server->url());
  Device phone("phone", server->url());

  // Nobody needs a connection to write.
  for (int tree = 1; tree <= 1000; ++tree) {
    tablet.replica->put("trees", std::to_string(tree), Payload::json(R"({"height_m":12})")).value();
  }
  tablet.sync("tablet");
  phone.sync("phone");

  // Both go on offline, and touch one tree that the other touches, too.
  tablet.replica->update("trees", "7", Payload::json(R"({"height_m":13})")).value();
  phone.replica->erase("trees", "7").value();
  phone.replica->update("trees", "8", Payload::json(R"({"height_m":9})")).value();
  tablet.sync("tablet");
  phone.sync("phone");
  tablet.sync("tablet");
  tablet.sync("tablet");  // nothing new: one request

  for (const auto& conflict : tablet.replica->conflicts().conflicts) {
    std::cout << "tree " << conflict.row_id << ", " << to_string(conflict.kind) << ": "
              << conflict.reason << '\n';
  }
  const auto checksum = tenant->replica().visible_checksum();
  std::cout << "the server shows " << checksum.rows << " trees\n";
  server->stop();
  const bool same = tablet.replica->visible_checksum() == checksum &&
                    phone.replica->visible_checksum() == checksum;
  std::cout << (same ? "all three hold the same\n" : "they differ!\n");
  return same ? 0 : 1;
}
