// How a replica stands to its tenant, kept with it between two starts: which replica is the home,
// how much of the log is kept, and which id it gave up.
#pragma once

#include <optional>

#include "syncline/tenant.hpp"

namespace syncline {

/// The tenant's home as the server told it last; nullopt: there is none, or no server was heard.
std::optional<NodeId> home_of(const Replica& replica);
/// The tenant's retention, likewise.
Retention retention_of(const Replica& replica);
/// Keeps what a registration told: home and retention, and that the server knows of the id given
/// up. Errors: those of `Replica::set_property`.
Result<void> keep_standing(Replica& replica, const std::optional<NodeId>& home,
                           const Retention& retention);

/// The id that this replica gave up and no server knows of yet; nil: none.
NodeId replaced_id(const Replica& replica);
/// Keeps it until a server knows. Errors: as above.
Result<void> note_replaced_id(Replica& replica, const NodeId& before);

}  // namespace syncline
