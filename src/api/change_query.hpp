// What a consumer of changes asks for.
#pragma once

#include <chrono>
#include <memory>

#include "api/call.hpp"
#include "api/change_page.hpp"

namespace syncline::api {

/// How changes are delivered. The last two are streams.
enum class Feed : std::uint8_t { poll, longpoll, sse, ndjson };

/// All that one request for changes asks for.
struct ChangeQuery {
  std::shared_ptr<Tenant> tenant;
  Feed feed = Feed::poll;
  LogId log_id;  ///< of the log that `options.after` is a place of
  ReadOptions options;
  ShowOptions show;
  std::uint64_t wait_ms = 0;               ///< of a poll or long poll
  std::chrono::milliseconds heartbeat{0};  ///< of a stream: the longest silence
  BodyFormat format = BodyFormat::json;
  JsonPayload payload = JsonPayload::text;
};

/// The parameter `feed` decides; without it `Accept`, if it names a stream's type and prefers it to
/// what it says of the types of other answers. `Last-Event-ID` wins over `since` in a stream.
/// With `consumer` the place is kept as how far that one has come; without a place of its own it
/// goes on from there. Errors: `bad_request` naming the parameter; `protocol_unsupported` for a
/// stream in MessagePack and where `Accept` leaves nothing; those of `parse_since` and `Consumers`.
Result<ChangeQuery> read_change_query(Services& services, Call& call);

}  // namespace syncline::api
