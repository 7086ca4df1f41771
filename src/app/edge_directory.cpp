#include "app/edge_directory.hpp"

#include <utility>

#include "sync/standing.hpp"

namespace syncline::app {

Result<EdgeDirectory> EdgeDirectory::open(const std::string& directory) {
  Node::Options options;
  options.directory = directory;
  options.create = false;
  options.lock_wait = directory_wait;
  auto opened = OpenDirectory::open(std::move(options));
  if (!opened) return opened.error();
  const auto& home = opened->node->edge();
  if (!home) {
    return Error(ErrorCode::bad_request,
                 directory +
                     " is a server's data directory; only an edge has a server to "
                     "exchange with");
  }
  auto tenant = opened->tenants->get(home->tenant);
  if (!tenant) return tenant.error();
  bool was_copy = false;
  for (const TenantOpening& opening : opened->node->openings()) {
    was_copy = was_copy || opening.identity_changed;
  }
  return EdgeDirectory{std::move(*opened), std::move(*tenant), was_copy};
}

Result<void> EdgeDirectory::keep_settings() const {
  TenantSettings settings;
  settings.policies = replica().policies();
  settings.max_clock_drift_ms = replica().max_clock_drift_ms();
  settings.version = replica().settings_version();
  settings.home = home_of(replica());
  settings.retention = retention_of(replica());
  return opened.node->keep_settings(settings);
}

}  // namespace syncline::app
