// The ids that a replica gave up because it was found to be a copy, kept with it.
#pragma once

#include <map>
#include <string_view>

#include "changelog/replica/journal_entries.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// The property that keeps that `node` was given up, having written up to `last` here.
Property former_id_property(const NodeId& node, Sequence last);
/// All ids that `replica` gave up by `reidentify`, each with the last number that it wrote under
/// it. What others wrote under it since, as the one does that this is a copy of, has greater
/// numbers.
std::map<NodeId, Sequence> former_ids(const Replica& replica);

}  // namespace syncline
