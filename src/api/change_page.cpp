#include "api/change_page.hpp"

#include "sync/report_json.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline::api {

namespace {

ChangeExtras extras_of(const LogEntry& entry) {
  ChangeExtras extras;
  extras.lsn = entry.lsn;
  extras.received_at_us = entry.received_at_us;
  extras.skewed = entry.skewed;
  return extras;
}

/// The before image; `none` for the first change of a row, where the log has it no more, and where
/// it has only a stub of it.
Payload before_image(const LogReader& reader, const LogEntry& entry) {
  if (!reader.holds(entry.before_lsn)) return Payload::none();
  const ChangeView before = reader.at(entry.before_lsn).change;
  return is_stub(before) ? Payload::none() : before.payload();
}

/// The conflicts that parted at this change or have it as a tip.
nlohmann::json conflicts_of(const Replica& replica, const LogEntry& entry) {
  nlohmann::json found = nlohmann::json::array();
  ConflictQuery query;
  query.table = entry.change.table;
  query.row_id = entry.change.row_id;
  query.limit = limits::max_conflicts_per_row;
  const Dot dot = entry.change.dot;
  for (const ConflictReport& report : replica.conflicts(query).conflicts) {
    if (report.local.dot != dot && report.remote.dot != dot && report.parted_local.dot != dot &&
        report.parted_remote.dot != dot) {
      continue;
    }
    ConflictSummary summary;
    summary.id = report.id;
    summary.kind = report.kind;
    summary.status = report.status;
    summary.table = report.table;
    summary.row_id = report.row_id;
    summary.winner_dot = report.winner_dot;
    found.push_back(summary_to_body(summary));
  }
  return found;
}

std::string write_json(const Replica& replica, const LogReader& reader,
                       std::span<const LogEntry> entries, const ShowOptions& show,
                       const nlohmann::json& members, JsonPayload payload) {
  std::string text = "{\"changes\":[";
  for (const LogEntry& entry : entries) {
    if (text.back() != '[') text.push_back(',');
    append_change(text, replica, reader, entry, show, payload);
  }
  text.push_back(']');
  const std::string rest = write_body(members, BodyFormat::json, payload);
  if (rest.size() > 2) text.append(",").append(rest, 1, rest.size() - 2);
  text.push_back('}');
  return text;
}

/// True if the entry belongs to the transaction of the one before it.
bool is_of_one_transaction(std::span<const LogEntry> entries, std::size_t index) {
  if (index == 0) return false;
  const ChangeView& before = entries[index - 1].change;
  const ChangeView& change = entries[index].change;
  if (before.dot.origin != change.dot.origin) return false;
  const auto first = before.transaction();
  const auto second = change.transaction();
  return first && second && first->number == second->number;
}

nlohmann::json payload_node(const Payload& payload) {
  if (payload.format == PayloadFormat::none) return nullptr;
  nlohmann::json node = nlohmann::json::object();
  set_payload(node, payload, BodyFormat::msgpack);
  return node;
}

}  // namespace

void limit_before_images(ReadPage& page, std::size_t max_bytes) {
  std::size_t bytes = 0;
  std::size_t fitting = 0;  // where the transaction begins that is being looked at
  for (std::size_t i = 0; i < page.entries.size(); ++i) {
    if (!is_of_one_transaction(page.entries, i)) fitting = i;
    bytes += before_image(page.reader, page.entries[i]).bytes.size();
    if (fitting == 0 || bytes <= max_bytes) continue;
    page.entries.resize(fitting);
    page.examined = page.entries.back().lsn;
    page.has_more = true;
    return;
  }
}

void append_change(std::string& out, const Replica& replica, const LogReader& reader,
                   const LogEntry& entry, const ShowOptions& show, JsonPayload payload) {
  ChangeExtras extras = extras_of(entry);
  if (show.before) extras.before = before_image(reader, entry);
  append_change_json(out, entry.change, extras, payload);
  if (!show.conflicts) return;
  out.pop_back();
  out += ",\"conflicts\":" + conflicts_of(replica, entry).dump() + "}";
}

std::string write_change_page(const Replica& replica, const LogReader& reader,
                              std::span<const LogEntry> entries, const ShowOptions& show,
                              const nlohmann::json& members, BodyFormat format,
                              JsonPayload payload) {
  if (format == BodyFormat::json) {
    return write_json(replica, reader, entries, show, members, payload);
  }
  nlohmann::json body = members;
  for (const char* list : {"changes", "lsns", "received_at"}) body[list] = nlohmann::json::array();
  if (show.before) body["before"] = nlohmann::json::array();
  if (show.conflicts) body["conflicts"] = nlohmann::json::array();
  for (const LogEntry& entry : entries) {
    body["changes"].push_back(record_node(entry.change.record));
    body["lsns"].push_back(entry.lsn);
    body["received_at"].push_back(format_rfc3339(entry.received_at_us));
    if (show.before) body["before"].push_back(payload_node(before_image(reader, entry)));
    if (show.conflicts) body["conflicts"].push_back(conflicts_of(replica, entry));
  }
  return write_body(body, format, payload);
}

std::string write_change(const LogEntry& entry, BodyFormat format, JsonPayload payload) {
  if (format == BodyFormat::msgpack) return write_body(record_node(entry.change.record), format);
  return change_to_json(entry.change, extras_of(entry), payload);
}

}  // namespace syncline::api
