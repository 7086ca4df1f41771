// A live connection between two sites, one message at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "sync/client_session.hpp"
#include "sync/live_client.hpp"
#include "sync/message_session.hpp"

namespace syncline::sim {

/// Goes on from where the last round of `session` ended, as a replicator does. All references have
/// to outlive it.
class LiveLink {
 public:
  LiveLink(Replica& replica, ClientSession& session, std::unique_ptr<MessageSession> server,
           std::size_t batch_changes, std::uint64_t now_us);

  /// One message goes over, in the direction that has had one longest ago. False if there is none,
  /// and nothing to say. Errors: those of the client; the connection is of no more use then.
  Result<bool> step(std::uint64_t now_us);
  /// The server refused something: a round has to see to that.
  bool wants_round() const { return client_.wants_round(); }
  /// Ends it; what is under way is lost. The session goes on from here.
  void close();

 private:
  void collect();

  ClientSession& session_;
  LiveClient client_;
  std::unique_ptr<MessageSession> server_;
  std::deque<LiveMessage> to_server_;
  bool to_server_next_ = true;
};

}  // namespace syncline::sim
