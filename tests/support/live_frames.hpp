// Frames of live synchronisation in tests.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/caller.hpp"
#include "sync/live_frames.hpp"
#include "sync/live_session.hpp"

namespace syncline::test {

/// What a frame has to carry.
template <typename Body>
const Body& body_as(const LiveFrame& frame) {
  if (!std::holds_alternative<Body>(frame.body)) {
    const auto* const error = std::get_if<LiveError>(&frame.body);
    FAIL("a frame of the type ", std::string(live_type(frame.body)), " ",
         error == nullptr ? std::string() : to_string(error->error));
  }
  return std::get<Body>(frame.body);
}

/// The code of a frame that has to be an error.
inline ErrorCode code_of(const LiveFrame& frame) { return body_as<LiveError>(frame).error.code; }

/// A caller with a live session of its own, and no socket between.
struct LiveCaller : Caller {
  explicit LiveCaller(SyncWorld& of, BodyFormat chosen = BodyFormat::msgpack)
      : Caller(of), format(chosen), session(of.hub, of.tenant, [this] { return admitted; }) {}

  void send(LiveBody body, std::uint64_t frame_id = 1) {
    session.on_message(write_live_message({frame_id, std::move(body)}, format));
  }
  std::optional<LiveFrame> next() {
    const auto message = session.next_message();
    if (!message) return std::nullopt;
    CHECK(message->binary == (format == BodyFormat::msgpack));
    auto frame = read_live_message(*message);
    REQUIRE(frame);
    return std::move(*frame);
  }
  /// The next frame, which has to be there.
  LiveFrame take() {
    auto frame = next();
    REQUIRE(frame);
    return std::move(*frame);
  }
  void enter_live() {
    send(registration());
    CHECK(body_as<RegisterResponse>(take()).node_id == world.server().node());
  }
  void grant(std::uint64_t changes, std::uint64_t bytes = 1'000'000) {
    send(LiveCredit{changes, bytes}, 0);
  }

  BodyFormat format;
  Result<void> admitted;
  LiveSession session;
};

/// "All that the caller has is durable."
inline HeartbeatRequest heartbeat_of(const LiveCaller& caller) {
  HeartbeatRequest beat;
  beat.clock = WireClock(caller.edge.replica->summary());
  return beat;
}

inline void write_on_server(SyncWorld& world, std::size_t count, const std::string& prefix = "s") {
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(world.server().put("t", prefix + std::to_string(i), Payload::json("{\"n\":1}")));
  }
}

}  // namespace syncline::test
