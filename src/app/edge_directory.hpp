// An edge's directory, open.
#pragma once

#include <memory>
#include <string>

#include "app/data_connection.hpp"
#include "syncline/node.hpp"
#include "syncline/replica.hpp"

namespace syncline::app {

/// The directory with its one tenant. Locks it while it lives.
struct EdgeDirectory {
  /// Errors: those of opening, with advice; `bad_request` if it is a server's.
  static Result<EdgeDirectory> open(const std::string& directory);

  const EdgeHome& home() const { return *opened.node->edge(); }
  Replica& replica() const { return tenant->replica(); }
  /// Keeps the tenant's settings as the server told them last. Errors: `unavailable`.
  Result<void> keep_settings() const;

  OpenDirectory opened;
  std::shared_ptr<Tenant> tenant;
  bool was_copy = false;  ///< it was found to be a copy when it was opened, and took a new id then
};

}  // namespace syncline::app
