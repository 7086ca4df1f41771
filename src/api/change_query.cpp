#include "api/change_query.hpp"

#include <algorithm>
#include <utility>

#include "api/handlers.hpp"
#include "api/header_list.hpp"
#include "api/media.hpp"
#include "api/waiting.hpp"
#include "sync/cursor.hpp"
#include "syncline/limits.hpp"

namespace syncline::api {

namespace {

constexpr std::uint64_t default_page_changes = 1000;
constexpr std::uint64_t default_long_poll_ms = 30'000;

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

/// Longer than this no stream is silent: proxies give up on silent connections after a minute.
constexpr std::uint64_t max_heartbeat_ms = 60'000;
/// More often than this, heartbeats would be the traffic.
constexpr std::uint64_t min_heartbeat_ms = 1'000;
constexpr std::uint64_t default_heartbeat_ms = 15'000;
/// Of the records in one piece of a stream: what a connection with a slow reader holds.
constexpr std::size_t max_piece_bytes = std::size_t{1} << 20;

bool is_stream(Feed feed) { return feed == Feed::sse || feed == Feed::ndjson; }

/// The stream that `Accept` prefers to everything else that it names; nullopt for none.
std::optional<Feed> accepted_stream(const HttpRequest& request) {
  int sse = 0;
  int ndjson = 0;
  int other = 0;
  for (const WeightedName& wanted : weighted_list(header(request, "Accept"))) {
    if (wanted.name == "text/event-stream") {
      sse = std::max(sse, wanted.thousandths);
    } else if (wanted.name == "application/x-ndjson") {
      ndjson = std::max(ndjson, wanted.thousandths);
    } else if (wanted.name.find('*') == std::string::npos) {
      other = std::max(other, wanted.thousandths);
    }
  }
  if (std::max(sse, ndjson) <= other) return std::nullopt;
  return sse >= ndjson ? Feed::sse : Feed::ndjson;
}

Result<Feed> read_feed(Call& call) {
  const auto named = call.query.text("feed");
  if (!named) return named.error();
  Feed feed = Feed::poll;
  if (!*named) {
    feed = accepted_stream(call.request).value_or(Feed::poll);
    if (is_stream(feed)) return feed;
  } else if (**named == "longpoll") {
    feed = Feed::longpoll;
  } else if (**named == "sse") {
    feed = Feed::sse;
  } else if (**named == "ndjson") {
    feed = Feed::ndjson;
  } else if (**named != "poll") {
    return bad_parameter("feed", **named, "poll, longpoll, sse or ndjson");
  }
  const auto format = accepted_format(call.request);
  if (!is_stream(feed)) {
    if (!format) return format.error();
  } else if (format && *format == BodyFormat::msgpack) {
    return Error(ErrorCode::protocol_unsupported,
                 "Streams are text: there is none in MessagePack. Leave out the header \"Accept\", "
                 "or poll.")
        .with("supported", "text/event-stream")
        .with("supported", "application/x-ndjson");
  }
  return feed;
}

/// How long the answer may wait: not at all for a poll.
Result<std::uint64_t> read_wait(Query& query, Feed feed) {
  const bool long_poll = feed == Feed::longpoll;
  const auto named = query.text("feed");
  const auto wait_ms =
      query.number("wait_ms", long_poll ? default_long_poll_ms : 0, 0, max_wait_ms);
  if (!wait_ms) return wait_ms.error();
  if (*named && !long_poll && *wait_ms > 0) {
    return bad_parameter("wait_ms", std::to_string(*wait_ms), "0 with feed=poll, or feed=longpoll");
  }
  return *wait_ms;
}

/// True if the request says where to begin.
bool names_place(Call& call, Feed feed) {
  const bool resumes = is_stream(feed) && !header(call.request, "Last-Event-ID").empty();
  const auto since = call.query.text("since");
  return resumes || (since && since->has_value());
}

/// Where to begin: the end of what a client that comes back has had, or what the query says.
Result<Lsn> read_since(Call& call, Feed feed, const LogReader& reader) {
  const auto since = call.query.text("since");
  if (!since) return since.error();
  const std::string_view last = header(call.request, "Last-Event-ID");
  const bool resumes = is_stream(feed) && !last.empty();
  const std::string_view given = since->has_value() ? std::string_view(**since) : "beginning";
  return parse_since(resumes ? last : given, reader);
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

}  // namespace

Result<ChangeQuery> read_change_query(Services& services, Call& call) {
  ChangeQuery wanted;
  wanted.tenant = call.tenant;
  wanted.format = call.format;
  const auto feed = read_feed(call);
  if (!feed) return feed.error();
  wanted.feed = *feed;
  ReadOptions& options = wanted.options;
  options.include_markers = false;
  options.max_examined = limits::max_examined_changes;
  options.max_bytes = call.replica().max_body_bytes();
  if (is_stream(*feed)) options.max_bytes = std::min(options.max_bytes, max_piece_bytes);
  const LogReader reader = call.replica().log();
  const auto after = read_since(call, *feed, reader);
  if (!after) return after.error();
  wanted.log_id = reader.log_id();
  options.after = *after;
  const std::uint64_t most = call.replica().max_batch_changes();
  const auto limit = call.query.number("limit", std::min(default_page_changes, most), 1, most);
  if (!limit) return limit.error();
  options.limit = *limit;
  if (const auto read = read_filters(call.query, options); !read) return read.error();
  if (const auto read = read_includes(call.query, wanted.show); !read) return read.error();
  if (is_stream(*feed)) {
    const auto heartbeat_ms =
        call.query.number("heartbeat_ms", default_heartbeat_ms, min_heartbeat_ms, max_heartbeat_ms);
    if (!heartbeat_ms) return heartbeat_ms.error();
    wanted.heartbeat = std::chrono::milliseconds(*heartbeat_ms);
  } else {
    const auto wait_ms = read_wait(call.query, *feed);
    if (!wait_ms) return wait_ms.error();
    wanted.wait_ms = *wait_ms;
  }
  const auto payload = call.query.payload();
  if (!payload) return payload.error();
  wanted.payload = *payload;
  const auto consumer = call.query.text("consumer");
  if (!consumer) return consumer.error();
  if (const auto known = call.query.finish(); !known) return known.error();
  if (!*consumer) return wanted;
  // Last, because a request that is refused says nothing of how far the consumer has come.
  const auto place = note_consumer(services, call.tenant, **consumer, reader, options.after,
                                   names_place(call, *feed));
  if (!place) return place.error();
  options.after = *place;
  return wanted;
}

}  // namespace syncline::api
