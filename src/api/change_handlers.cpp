// Consumers of the stream of changes: poll and long poll.
#include <algorithm>
#include <utility>

#include "api/change_page.hpp"
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/waiting.hpp"
#include "sync/cursor.hpp"
#include "sync/durable.hpp"

namespace syncline::api {

namespace {

constexpr std::uint64_t default_page_changes = 1000;
constexpr std::uint64_t default_long_poll_ms = 30'000;

/// All that one request for changes asks for.
struct ChangeQuery {
  std::shared_ptr<Tenant> tenant;
  ReadOptions options;
  ShowOptions show;
  std::uint64_t wait_ms = 0;
  BodyFormat format = BodyFormat::json;
  JsonPayload payload = JsonPayload::text;
};

Result<void> read_operations(Query& query, ReadOptions& options) {
  const auto names = query.list("operations");
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto operation = operation_from_string(name);
    if (!operation || *operation == Operation::void_ || *operation == Operation::stable) {
      return bad_parameter("operations", name, "some of insert, update, delete");
    }
    options.operations.push_back(*operation);
  }
  return {};
}

Result<void> read_origins(Query& query, ReadOptions& options) {
  const auto texts = query.list("origins");
  if (!texts) return texts.error();
  for (const std::string& text : *texts) {
    const auto origin = NodeId::parse(text);
    if (!origin) return bad_parameter("origins", text, "some UUIDs of replicas");
    options.origins.push_back(*origin);
  }
  return {};
}

Result<void> read_includes(Query& query, ShowOptions& show) {
  const auto names = query.list("include");
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (name == "before") {
      show.before = true;
    } else if (name == "conflicts") {
      show.conflicts = true;
    } else {
      return bad_parameter("include", name, "before, conflicts or both");
    }
  }
  return {};
}

/// How long the answer may wait: not at all for a poll.
Result<std::uint64_t> read_wait(Query& query) {
  const auto feed = query.text("feed");
  if (!feed) return feed.error();
  if (*feed && **feed != "poll" && **feed != "longpoll") {
    return bad_parameter("feed", **feed, "poll or longpoll, which are the feeds supported");
  }
  const bool long_poll = *feed && **feed == "longpoll";
  const auto wait_ms =
      query.number("wait_ms", long_poll ? default_long_poll_ms : 0, 0, max_wait_ms);
  if (!wait_ms) return wait_ms.error();
  if (*feed && !long_poll && *wait_ms > 0) {
    return bad_parameter("wait_ms", std::to_string(*wait_ms), "0 with feed=poll, or feed=longpoll");
  }
  return *wait_ms;
}

Result<void> read_filters(Query& query, ReadOptions& options) {
  auto tables = query.list("tables");
  if (!tables) return tables.error();
  options.tables = std::move(*tables);
  auto exclude_tables = query.list("exclude_tables");
  if (!exclude_tables) return exclude_tables.error();
  options.exclude_tables = std::move(*exclude_tables);
  auto row_id = query.text("row_id");
  if (!row_id) return row_id.error();
  if (*row_id && options.tables.size() != 1) {
    return bad_parameter("row_id", **row_id, "to give it together with exactly one of tables");
  }
  options.row_id = std::move(*row_id);
  if (const auto read = read_operations(query, options); !read) return read.error();
  return read_origins(query, options);
}

Result<ChangeQuery> read_query(Services& services, Call& call) {
  ChangeQuery wanted;
  wanted.tenant = call.tenant;
  wanted.format = call.format;
  ReadOptions& options = wanted.options;
  options.include_markers = false;
  options.max_bytes = call.replica().max_body_bytes();
  const auto since = call.query.text("since");
  if (!since) return since.error();
  const LogReader log = call.replica().log();
  const auto after = parse_since(since->value_or("beginning"), log);
  if (!after) return after.error();
  options.after = *after;
  const auto consumer = call.query.text("consumer");
  if (!consumer) return consumer.error();
  const std::uint64_t most = call.replica().max_batch_changes();
  const auto limit = call.query.number("limit", std::min(default_page_changes, most), 1, most);
  if (!limit) return limit.error();
  options.limit = *limit;
  if (const auto read = read_filters(call.query, options); !read) return read.error();
  if (const auto read = read_includes(call.query, wanted.show); !read) return read.error();
  const auto wait_ms = read_wait(call.query);
  if (!wait_ms) return wait_ms.error();
  wanted.wait_ms = *wait_ms;
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  wanted.payload = *payload;
  if (const auto known = call.query.finish(); !known) return known.error();
  if (!*consumer) return wanted;
  // Last, because a request that is refused says nothing of how far the consumer has come.
  const auto place =
      note_consumer(services, call.tenant, **consumer, log, options.after, since->has_value());
  if (!place) return place.error();
  options.after = *place;
  return wanted;
}

HandlerResult read_or_wait(ChangeQuery wanted, bool last) {
  Replica& replica = wanted.tenant->replica();
  auto page = read_durable(replica, wanted.options);
  if (!page) return page.error();
  if (wanted.show.before) limit_before_images(*page, replica.max_body_bytes());
  if (page->entries.empty() && !page->has_more && !last && wanted.wait_ms > 0) {
    Wait wait;
    wait.tenant = wanted.tenant;
    wait.seen = page->examined;
    wait.timeout = wait_time(wanted.wait_ms);
    // What was passed over once is not read again.
    wanted.options.after = page->examined;
    wait.resume = [wanted = std::move(wanted)](bool last_call) -> Reply {
      auto reply = read_or_wait(wanted, last_call);
      if (!reply) return problem_response(reply.error());
      return std::move(*reply);
    };
    return Reply(std::move(wait));
  }
  nlohmann::json members = nlohmann::json::object();
  members["cursor"] = encode_cursor(cursor_at(page->reader, page->examined));
  members["has_more"] = page->has_more;
  members["lsn"] = page->reader.last_lsn();
  members["oldest_lsn"] = page->reader.first_lsn();
  return Reply(text_response(write_change_page(replica, page->reader, page->entries, wanted.show,
                                               members, wanted.format, wanted.payload),
                             wanted.format));
}

}  // namespace

HandlerResult list_changes(Services& services, Call& call) {
  auto wanted = read_query(services, call);
  if (!wanted) return wanted.error();
  return read_or_wait(std::move(*wanted), false);
}

}  // namespace syncline::api
