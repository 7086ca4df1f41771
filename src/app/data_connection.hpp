// A data directory in the place of a server.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "app/command.hpp"
#include "syncline/node.hpp"
#include "syncline/transport.hpp"

namespace syncline::app {

/// How long a command waits for another one to close the directory.
inline constexpr std::chrono::milliseconds directory_wait{5000};

/// The error of opening `directory` with what its owner can do about it.
Error with_advice(Error error, const std::string& directory);

/// An open directory with all its tenants.
struct OpenDirectory {
  /// `options.directory` says which. Errors: those of `Node::open` and `TenantManager::open`.
  static Result<OpenDirectory> open(Node::Options options);

  std::unique_ptr<Node> node;
  std::unique_ptr<TenantManager> tenants;  ///< goes first
};

/// Answers requests as a server would that has the directory. Locks it while it lives.
class DataConnection final : public Transport {
 public:
  /// Opens `options.data`. Of an edge's directory the tenant is the edge's, and `options.tenant`
  /// becomes that unless the command line named one. Errors: those of opening, with advice.
  static Result<std::unique_ptr<Transport>> open(ClientOptions& options);

  Result<HttpResponse> send(const HttpRequest& request) override { return api_->send(request); }
  TransportStatistics statistics() const override { return api_->statistics(); }

 private:
  explicit DataConnection(OpenDirectory directory);

  OpenDirectory directory_;
  std::unique_ptr<Transport> api_;
};

}  // namespace syncline::app
