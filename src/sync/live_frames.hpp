// The frames of live synchronisation (WebSocket subprotocol `syncline.v1`) from and to messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "sync/messages.hpp"
#include "syncline/live_channel.hpp"

namespace syncline {

/// The name of the subprotocol, as both sides of the handshake say it.
inline constexpr std::string_view live_subprotocol = "syncline.v1";

/// What a receiver grants on top of what it granted before. Bytes are those of the records, in
/// whatever format they travel.
struct LiveCredit {
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;

  /// Errors: `bad_request`.
  static Result<LiveCredit> from_body(const nlohmann::json& body);
  nlohmann::json to_body() const;
  friend bool operator==(const LiveCredit&, const LiveCredit&) noexcept = default;
};

/// What went wrong, with what the frame of the same id asked for if it has one.
struct LiveError {
  Error error;
};

/// What frames carry. Their types on the wire, in this order: register, registered, push, pushed,
/// pull, changes, credit, heartbeat, beat, error.
using LiveBody =
    std::variant<RegisterRequest, RegisterResponse, PushRequest, PushResponse, PullRequest,
                 PullResponse, LiveCredit, HeartbeatRequest, HeartbeatResponse, LiveError>;

/// One frame. An answer has the id of what it answers; `changes` has that of the pull.
struct LiveFrame {
  std::uint64_t id = 0;  ///< 0: none, and not on the wire
  LiveBody body;
};

/// The type of a frame with this body, e.g. "pushed".
std::string_view live_type(const LiveBody& body) noexcept;

/// A message that is a frame, though perhaps of a type that is not known here.
struct LiveEnvelope {
  std::string type;
  std::uint64_t id = 0;
  nlohmann::json body;
};

/// First step of reading. Never throws, whatever the bytes. Errors: `bad_request` if this is no
/// frame at all: no document, no object, no type, an id that is no number from 1.
Result<LiveEnvelope> open_live_message(const LiveMessage& message);

/// Second step. Never throws. Errors: `bad_request` for a type that is not known, naming those that
/// are, or for a wrong member; those of the messages' own `from_body`.
Result<LiveFrame> read_live_frame(LiveEnvelope&& envelope);

/// Both steps.
Result<LiveFrame> read_live_message(const LiveMessage& message);

/// The frame as a message. `payload` is how JSON shows payloads.
LiveMessage write_live_message(const LiveFrame& frame, BodyFormat format,
                               JsonPayload payload = JsonPayload::text);

}  // namespace syncline
