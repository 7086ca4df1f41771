// Snapshots in pages. Every page says where the next one begins, so nothing is kept between them.

#include <algorithm>
#include <utility>

#include "sync/bytes.hpp"
#include "sync/cursor.hpp"
#include "sync/durable.hpp"
#include "sync/hub.hpp"
#include "sync/stable_state.hpp"

namespace syncline {
namespace {

constexpr std::uint64_t page_token_version = 2;
/// Reports are read in small portions, because each can hold three documents.
constexpr std::size_t reports_at_once = 8;
/// More than can be written while a page is put together.
constexpr Sequence own_changes_meanwhile = 1'000'000;

/// Where a page begins.
struct PagePosition {
  LogId log_id;
  Lsn up_to = 0;              ///< the snapshot's place in the log
  std::uint64_t filter = 0;   ///< stands for the tables asked for
  bool in_conflicts = false;  ///< rows and history have been given
  std::uint64_t after_conflict = 0;
  SnapshotPosition position;
  std::uint64_t reader = 0;  ///< see `SnapshotReaders`
};

std::string encode_page(const PagePosition& page) {
  ByteWriter out;
  out.number(page_token_version, 1);
  out.node(page.log_id);
  out.number(page.up_to, 8);
  out.number(page.filter, 8);
  out.number(page.in_conflicts ? 1 : 0, 1);
  out.number(page.after_conflict, 8);
  out.number(page.position.in_history ? 1 : 0, 1);
  out.text(page.position.table);
  out.text(page.position.row_id);
  out.number(page.position.after, 8);
  out.number(page.reader, 8);
  return to_base64url(out.sealed());
}

Result<PagePosition> decode_page(std::string_view text) {
  const Result<std::string> bytes = from_base64url(text);
  ByteReader in(bytes ? std::string_view(*bytes) : std::string_view());
  const bool intact = in.unseal();
  const std::uint64_t version = in.number(1);
  PagePosition page;
  page.log_id = in.node();
  page.up_to = in.number(8);
  page.filter = in.number(8);
  page.in_conflicts = in.number(1) != 0;
  page.after_conflict = in.number(8);
  page.position.in_history = in.number(1) != 0;
  page.position.table = in.text();
  page.position.row_id = in.text();
  page.position.after = in.number(8);
  page.reader = in.number(8);
  if (!intact || version != page_token_version || !in.at_end()) {
    return Error{ErrorCode::bad_request, "page is not one that an answer gave as next_page"};
  }
  return page;
}

std::uint64_t size_of(const ConflictReport& report) {
  return report.local.data.size() + report.remote.data.size() + report.base_data.size();
}

/// Adds reports to `response` up to about the limits. False if there are no more.
bool add_reports(SnapshotResponse& response, const Replica& replica,
                 const std::vector<std::string>& tables, std::uint64_t limit,
                 std::uint64_t max_bytes, std::uint64_t& after) {
  std::uint64_t bytes = 0;
  while (response.conflicts.size() < limit && bytes < max_bytes) {
    ConflictQuery query;
    query.after = after;
    query.limit = reports_at_once;
    ConflictPage page = replica.conflicts(query);
    for (ConflictReport& report : page.conflicts) {
      const bool wanted =
          tables.empty() || std::find(tables.begin(), tables.end(), report.table) != tables.end();
      if (!wanted) continue;
      bytes += size_of(report);
      response.conflicts.push_back(std::move(report));
    }
    if (!page.next) return false;
    after = *page.next;
  }
  return true;
}

/// The place where this page begins; a new snapshot's first if none was named.
Result<PagePosition> begin_of(const SnapshotRequest& request, const Replica& replica,
                              const LogReader& reader) {
  PagePosition place;
  place.log_id = reader.log_id();
  place.up_to = std::min(reader.last_lsn(), replica.releasable_lsn());
  place.filter = filter_hash(request.tables);
  if (request.page.empty()) return place;
  Result<PagePosition> named = decode_page(request.page);
  if (!named) return named.error();
  if (named->log_id != place.log_id || named->up_to > reader.last_lsn()) {
    return Error{ErrorCode::log_reset, "the snapshot is of another log: begin anew"}.with(
        "log_id", place.log_id.to_string());
  }
  if (named->up_to + 1 < reader.first_lsn()) {
    // What a row was at the snapshot's place may be gone by now, and how far its origins had come.
    return Error{ErrorCode::log_reset, "the log was cut off behind the snapshot: begin anew"}.with(
        "oldest_lsn", reader.first_lsn());
  }
  if (named->filter != place.filter) {
    return Error{ErrorCode::bad_request, "tables differ from those of the snapshot's first page"};
  }
  return named;
}

/// Rows that the last stable marker made forget are in no snapshot, so the marker has to be in it:
/// what is not durable is not. Errors: `unavailable`.
Result<void> make_marker_durable(Replica& replica) {
  const std::optional<StableMarker> marker = replica.stable_marker();
  if (!marker || replica.log().find(marker->dot) <= replica.releasable_lsn()) return {};
  return replica.flush();
}

Result<SnapshotResponse> build_page(const Tenant& tenant, SnapshotReaders& readers,
                                    const SnapshotRequest& request, std::uint64_t now_us) {
  const Replica& replica = tenant.replica();
  const LogReader reader = replica.log();
  Result<PagePosition> place = begin_of(request, replica, reader);
  if (!place) return place.error();
  if (place->reader == 0) place->reader = readers.begin();
  readers.note(place->reader, {request.node_id, place->up_to, now_us});
  const std::uint64_t limit = std::clamp<std::uint64_t>(
      request.limit.value_or(replica.max_batch_changes()), 1, replica.max_batch_changes());
  const std::uint64_t max_bytes = std::clamp<std::uint64_t>(
      request.max_bytes.value_or(replica.max_body_bytes()), 1, replica.max_body_bytes());

  SnapshotResponse response;
  response.header = Hub::answer_header(tenant, request.node_id);
  response.giver = replica.node();
  response.lsn = place->up_to;
  response.stable = stable_state(replica);
  response.clock = wire_clock(replica, reader.clock_at(place->up_to));
  response.cursor = encode_cursor(cursor_at(reader, place->up_to, place->filter));
  if (!place->in_conflicts) {
    SnapshotPage page =
        replica.snapshot_page(place->position, limit, max_bytes, request.tables, place->up_to);
    for (const LogEntry& entry : page.rows) response.rows.add(entry);
    for (const LogEntry& entry : page.history) {
      const bool marker = entry.change.operation == Operation::stable;
      (marker ? response.markers : response.history).add(entry);
    }
    place->in_conflicts = !page.next;
    if (page.next) place->position = std::move(*page.next);
  }
  const bool more = !place->in_conflicts || add_reports(response, replica, request.tables, limit,
                                                        max_bytes, place->after_conflict);
  if (place->in_conflicts) place->position = {};
  if (more) response.next_page = encode_page(*place);
  return response;
}

}  // namespace

Result<SnapshotResponse> Hub::snapshot_page(const TenantPointer& tenant,
                                            const SnapshotRequest& request) {
  Replica& replica = tenant->replica();
  if (request.page.empty()) {
    if (const auto durable = make_marker_durable(replica); !durable) return durable.error();
  }
  const auto exchange = exchange_of(tenant);
  for (Sequence ahead = 0;; ahead = own_changes_meanwhile) {
    // Rows may be newer than the snapshot: all that there is now may be in the page. Where writers
    // are so busy that something came in between, what they write next counts as sent as well.
    const Sequence own = replica.origin(replica.node()).seq;
    static_cast<void>(replica.mark_sent(own + ahead, request.node_id.to_string()));
    Result<SnapshotResponse> page =
        build_page(*tenant, exchange->readers, request, clock_.now_us());
    if (!page || replica.origin(replica.node()).seq <= own + ahead) return page;
  }
}

}  // namespace syncline
