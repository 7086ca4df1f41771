// One side of a connection over which both sides send messages, without the connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "syncline/change_log.hpp"
#include "syncline/live_channel.hpp"

namespace syncline {

/// What a connection is closed with: a code of RFC 6455 and, at most 123 bytes long, why.
struct LiveClosing {
  std::uint16_t code = 1000;
  std::string reason;
};

/// Takes messages, gives messages, knows no socket. Who carries it reads as long as it wants input,
/// and asks for the next message whenever one can be written: nothing is made before it is asked
/// for but answers, and those are few. Not thread-safe.
class MessageSession {
 public:
  MessageSession() = default;
  MessageSession(const MessageSession&) = delete;
  MessageSession& operator=(const MessageSession&) = delete;
  virtual ~MessageSession() = default;

  /// Takes a message, and does what it asks for. Requires `wants_input`.
  virtual void on_message(const LiveMessage& message) = 0;
  /// False while so many answers wait to be written that no more shall be asked for, and once the
  /// session is over.
  virtual bool wants_input() const = 0;
  /// What to write now; nullopt: nothing, until a message comes or the log grows.
  virtual std::optional<LiveMessage> next_message() = 0;
  /// Set once the session is over. What `next_message` still gives is written before.
  virtual std::optional<LiveClosing> closing() const = 0;
};

}  // namespace syncline
