// What a replica remembers of a server between two starts of the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/replica.hpp"

namespace syncline {

/// The place in one server's log, which server it is, and by which tables. A value.
struct RemoteState {
  NodeId server_node;
  std::uint64_t settings_version = 0;
  std::string cursor;  ///< empty: none
  /// The id under which the cursor was read: pages leave out its changes. nil: a former version did
  /// not keep it.
  NodeId reader;
  /// By which the cursor was read; empty: all. nullopt: a former version did not keep it.
  std::optional<std::vector<std::string>> tables;
  std::vector<std::string> dropping;  ///< that are not wanted any more and still held
  /// This replica's last own change that the server was known to hold.
  Dot delivered;
  friend bool operator==(const RemoteState&, const RemoteState&) = default;
};

/// Keeps it as the property "remote/<name>", behind all that was appended before. Errors: those of
/// `Replica::set_property`.
Result<void> save_remote(Replica& replica, std::string_view name, const RemoteState& state);
/// nullopt if nothing is kept, or nothing that can be read: then everything is pulled again, which
/// does no harm.
std::optional<RemoteState> load_remote(const Replica& replica, std::string_view name);

}  // namespace syncline
