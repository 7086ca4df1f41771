// The seam between the protocol, which knows nothing of sockets, and what carries it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "sync/message_session.hpp"
#include "syncline/tenant.hpp"
#include "syncline/transport.hpp"

namespace syncline::api {

/// What is true of a request beside its text.
struct RequestContext {
  /// Names the connection that it came over, from 1; 0 for none.
  std::uint64_t connection = 0;
  /// The server takes no more connections and is about to end.
  bool stopping = false;
};

/// "Yes": the connection goes on as a WebSocket, for which the request asked in the right form.
struct Upgrade {
  std::string subprotocol;
  std::shared_ptr<Tenant> tenant;  ///< whose log may have news for the session when it grows
  std::unique_ptr<MessageSession> session;
};

struct Wait;
/// An answer, the wish to be asked again later, or another protocol.
using Reply = std::variant<HttpResponse, Wait, Upgrade>;

/// "Nothing yet": ask again once the tenant's log has grown beyond `seen`, or `timeout` is over.
struct Wait {
  std::shared_ptr<Tenant> tenant;
  Lsn seen = 0;
  std::chrono::milliseconds timeout{0};
  /// Goes on where the handler stopped, so that nothing is done twice. `last` is true when there is
  /// no more time: then it has to give an answer. Called at most once.
  std::function<Reply(bool last)> resume;
};

/// Turns requests into answers. Thread-safe. Never blocks for longer than the work takes.
class RequestHandler {
 public:
  RequestHandler() = default;
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;
  virtual ~RequestHandler() = default;

  /// May throw; the caller answers `internal` then and tells nobody why.
  virtual Reply handle(const HttpRequest& request, const RequestContext& context) = 0;
  /// No more requests will come over this connection.
  virtual void connection_closed(std::uint64_t connection) = 0;
};

}  // namespace syncline::api
