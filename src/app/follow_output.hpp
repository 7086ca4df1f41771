// What replicators of an edge tell, printed as it comes.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/edge_directory.hpp"
#include "syncline/replicator.hpp"

namespace syncline::app {

/// Prints what any number of replicators tell, on their threads, one line after the other; after
/// each round keeps the settings with the edge's directory.
class FollowOutput {
 public:
  /// `serves`: see `EdgeExchange::Options`. Both have to outlive it.
  FollowOutput(Session& session, EdgeDirectory& edge, bool serves)
      : session_(session), edge_(edge), serves_(serves) {}

  /// Sets the callbacks of a replicator that exchanges with `url`.
  void listen_to(Replicator::Options& options, const std::string& url);

  /// True if there is no use in going on.
  bool over() const { return over_; }
  /// True once a replicator has exchanged, or knows that it cannot now.
  bool heard() const { return heard_; }
  std::optional<Error> failure() const;

 private:
  /// What was told of one replicator so far.
  struct Remote {
    std::string shown;  ///< before each line; empty: nothing
    bool first = true;
    bool away = false;
    bool live = false;
  };

  void on_round(Remote& remote, const SyncReport& report);
  void on_rejected(const Rejection& rejection);
  void on_status(Remote& remote, const ReplicatorStatus& status);
  void fail(const Error& error);
  void keep_settings();
  void say(const Remote& remote, std::string_view what);
  void flush();

  Session& session_;
  EdgeDirectory& edge_;
  const bool serves_;
  std::atomic<bool> over_{false};
  std::atomic<bool> heard_{false};
  mutable std::mutex mutex_;  ///< of the output and all below
  std::vector<std::unique_ptr<Remote>> remotes_;
  bool opening_told_ = false;
  bool settings_kept_ = true;
  std::optional<Error> failure_;
};

}  // namespace syncline::app
