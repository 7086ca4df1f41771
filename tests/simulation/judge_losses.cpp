// What a site holds without showing it, what is lost, and whether that was to be.

#include <algorithm>

#include "judge_impl.hpp"

namespace syncline::sim {

/// Whoever has applied a marker has seen all that it covers, be it in the log any more or not.
void Judge::Impl::hold_what_is_stable(Site& site) {
  const VectorClock* stable = site.stable(graph);
  if (stable == nullptr) return;
  for (std::uint32_t row = 1; row < graph.rows(); ++row) {
    const RowTruth& truth = graph.row(row);
    if (site.may_lack(truth.table)) continue;
    Bits& held = Site::of(site.held, row);
    (truth.changes - held).for_each([&](std::uint32_t place) {
      const Made& made = graph.at(row, place);
      if (!stable->covers(made.dot)) return;
      if (is_one_held(held, made)) return;
      // Of several versions it is the one that servers hold. A home that came back older goes by
      // whoever has applied a marker that covers it.
      const bool only =
          made.other_version == no_node && graph.latest(made.dot) == truth.nodes[place];
      if (only || is_held_by_server(made) || is_held_as_stable(site, made)) {
        held |= made.saw;
        held.set(place);
      }
    });
  }
}

/// A round has followed the choice of tables: now all that is covered of these has to be there.
void Judge::Impl::settle_choice(Site& site) {
  if (!site.choosing || site.replica == nullptr) return;
  observe(site);
  site.choosing = false;
  hold_what_is_stable(site);
  site.summary = {};
  check_summary(site);
}

/// A rebase writes an orphaned delete anew nowhere if the row is not there behind a marker: it says
/// what the delete said that was forgotten.
void Judge::Impl::note_forgotten_orphans(Site& site) {
  if (site.markers.empty()) return;
  for (std::uint32_t row = 1; row < site.held_before.size(); ++row) {
    const RowTruth& truth = graph.row(row);
    const Bits missing = site.held_before[row] - Site::of(site.held, row);
    if (!missing.any() || site.replica->get(truth.table, truth.row_id).winner) continue;
    missing.for_each([&](std::uint32_t place) {
      Made& made = graph.at(truth.nodes[place]);
      const bool orphaned = made.dot.origin != site.replica->node() && site.is(made.dot.origin);
      if (orphaned && made.operation == Operation::erase) made.forgotten = true;
    });
  }
}

/// True if some version of the change is among `held` of its row.
bool Judge::Impl::is_one_held(const Bits& held, const Made& made) const {
  NodeIndex index = graph.latest(made.dot);
  for (; index != no_node; index = graph.at(index).other_version) {
    const Made& version = graph.at(index);
    if (version.row == made.row && held.test(version.place)) return true;
  }
  return false;
}

bool Judge::Impl::is_held_by_server(const Made& made) const {
  return std::any_of(sites.begin(), sites.end(), [&](const auto& site) {
    return site->options.serves && Site::of(site->held, made.row).test(made.place);
  });
}

/// True if nobody that serves holds any version of the change, and who is behind a marker that
/// covers it holds this one.
bool Judge::Impl::is_held_as_stable(const Site& site, const Made& made) const {
  const bool served = std::any_of(sites.begin(), sites.end(), [&](const auto& other) {
    return other->options.serves && is_one_held(Site::of(other->held, made.row), made);
  });
  return !served && std::any_of(sites.begin(), sites.end(), [&](const auto& other) {
    const VectorClock* stable = other->stable(graph);
    return other.get() != &site && stable != nullptr && stable->covers(made.dot) &&
           Site::of(other->held, made.row).test(made.place);
  });
}

bool Judge::Impl::is_held_elsewhere(const Site& site, const Made& made) const {
  return std::any_of(sites.begin(), sites.end(), [&](const auto& other) {
    return other.get() != &site && other->replica != nullptr &&
           Site::of(other->held, made.row).test(made.place);
  });
}

bool Judge::Impl::is_held_by_any(const Made& made) const {
  return std::any_of(sites.begin(), sites.end(), [&](const auto& site) {
    return Site::of(site->held, made.row).test(made.place);
  });
}

void Judge::Impl::note_revoked(Site& site, NodeIndex index) {
  const Made& made = graph.at(index);
  if (made.operation == Operation::void_ && !made.rebased) site.taken_back.push_back(made.dot);
}

/// What a replica that came back holds no more. `same_log`: nor was its log laid anew just before
/// the end, as by a rebase that got to disk although the crash came before it could say so.
void Judge::Impl::note_losses(Site& site, const std::vector<Bits>& before,
                              const std::vector<Bits>& durable, bool same_log) {
  if (!site.departed) return;
  const bool needs_all = *site.departed == Departure::stopped;
  const bool needs_durable = *site.departed == Departure::crashed;
  // On another disk nothing stands for what was lost with the one before.
  const bool same_disk = needs_all || needs_durable;
  for (std::uint32_t row = 0; row < before.size(); ++row) {
    const Bits missing = before[row] - Site::of(site.held, row);
    if (!missing.any()) continue;
    const bool may_stand = same_disk && !same_log && row != no_row;
    const Bits stood_for = may_stand ? accounted_for(row, &site) : Bits();
    missing.for_each([&](std::uint32_t place) {
      Made& made = graph.at(graph.row(row).nodes[place]);
      if (made.revoked || stood_for.test(place)) return;
      if (!is_held_by_any(made)) made.gone = true;
      if (!needs_all && !needs_durable) Site::of(site.forgone, row).set(place);
      if (row != no_row && site.may_lack(graph.row(row).table)) return;
      const bool was_durable = needs_durable && Site::of(durable, row).test(place);
      if (made.is_row_change() && (needs_all || was_durable)) {
        fail("nothing_acknowledged_is_lost", site, [&] {
          return name_of(made) + (needs_all ? " is gone after a clean end"
                                            : " was durable and is gone after a crash");
        });
      }
      // It can only have come back, or come from another one that writes or wrote under that id.
      const bool came_back = Site::of(site.forgone, row).test(place) ||
                             std::any_of(sites.begin(), sites.end(), [&](const auto& other) {
                               return other.get() != &site && other->replica != nullptr &&
                                      other->is(made.dot.origin) &&
                                      Site::of(other->held, row).test(place);
                             });
      if (needs_durable && !came_back && site.is(made.dot.origin) && made.is_row_change() &&
          is_held_elsewhere(site, made) && made.other_version == no_node) {
        fail("only_durable_changes_leave", site,
             [&] { return name_of(made) + " is gone after a crash, and others have it"; });
      }
    });
  }
}

}  // namespace syncline::sim
