// What a replica remembers of a server between two starts of the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/replica.hpp"

namespace syncline {

/// The place in one server's log, and which server it is. A value.
struct RemoteState {
  NodeId server_node;
  std::uint64_t settings_version = 0;
  std::string cursor;  ///< empty: none
  friend bool operator==(const RemoteState&, const RemoteState&) = default;
};

/// Keeps it as the property "remote/<name>", behind all that was appended before. Errors: those of
/// `Replica::set_property`.
Result<void> save_remote(Replica& replica, std::string_view name, const RemoteState& state);
/// nullopt if nothing is kept, or nothing that can be read: then everything is pulled again, which
/// does no harm.
std::optional<RemoteState> load_remote(const Replica& replica, std::string_view name);

}  // namespace syncline
