// One exchange between an edge's directory and its server.
#pragma once

#include <functional>
#include <string>

#include "syncline/node.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::app {

/// What a round did to an edge.
struct EdgeRound {
  SyncReport report;
  /// The directory was found to be a copy when it was opened, and took a new id then.
  bool was_copy = false;
  NodeId node;       ///< what the edge is called now
  std::string with;  ///< the URL, where an edge exchanges with several; else empty
};

/// Opens `directory`, exchanges everything with its server, and closes it again; other commands
/// can use it before and after. `on_progress` gets the totals so far. Errors: those of opening,
/// with advice; `bad_request` if it is no edge's; those of `SyncClient::sync`.
Result<EdgeRound> run_edge_round(const std::string& directory, const std::string& token,
                                 const std::function<void(const SyncReport&)>& on_progress);

}  // namespace syncline::app
