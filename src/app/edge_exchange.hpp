// An edge that exchanges with others for as long as the program runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/edge_directory.hpp"
#include "app/stop_signals.hpp"
#include "syncline/replicator.hpp"

namespace syncline::app {

class FollowOutput;

/// Keeps an edge in sync with its server and with edges that serve, one replicator each, prints
/// what they tell, and keeps with the directory what was heard of the tenant's settings.
class EdgeExchange {
 public:
  struct Options {
    std::string token;                         ///< for all
    std::optional<std::uint64_t> interval_ms;  ///< of rounds; nullopt: live connections
    /// Others depend on this program: it goes on whatever anybody refuses, and when nobody reads
    /// what it prints. What is printed says then whom it is about.
    bool serves = false;
  };

  /// `session` and `edge` have to outlive it.
  EdgeExchange(Session& session, EdgeDirectory& edge, Options options);
  /// As `stop`.
  ~EdgeExchange();
  EdgeExchange(const EdgeExchange&) = delete;
  EdgeExchange& operator=(const EdgeExchange&) = delete;

  /// With the edge's own server. Errors: `bad_request` for a URL that is none.
  Result<void> add_server();
  /// With an edge that serves. Its place is kept under its URL. Errors: as above.
  Result<void> add_peer(const std::string& url);

  /// Exchanges until the program is told to stop, and gives the signal; or until there is no use in
  /// going on, then nullopt. An edge that never heard of its home turns to its server first, and to
  /// others once that answered or cannot be reached: what it wrote before may have to be written
  /// anew there, and should not be anywhere else by then.
  std::optional<int> run(const StopSignals& signals);
  /// Ends all exchanges. Idempotent.
  void stop();
  /// Why there is no use in going on, if something failed.
  std::optional<Error> failure() const;

 private:
  Result<std::unique_ptr<Replicator>> make(const std::string& url, std::string remote);
  void start_peers();

  Session& session_;
  EdgeDirectory& edge_;
  const Options options_;
  std::unique_ptr<FollowOutput> output_;
  std::unique_ptr<Replicator> server_;
  std::vector<std::unique_ptr<Replicator>> peers_;
};

}  // namespace syncline::app
