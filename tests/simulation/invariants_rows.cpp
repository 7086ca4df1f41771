// What has to hold of the rows and conflicts that a replica shows.

#include <algorithm>

#include "judge_impl.hpp"

namespace syncline::sim {
namespace {

/// The nine kinds, written out.
ConflictKind kind_of(Operation local, Operation remote) {
  using enum ConflictKind;
  constexpr ConflictKind kinds[3][3] = {{insert_insert, insert_update, insert_delete},
                                        {update_insert, update_update, update_delete},
                                        {delete_insert, delete_update, delete_delete}};
  const auto place = [](Operation operation) {
    return operation == Operation::insert ? 0 : operation == Operation::update ? 1 : 2;
  };
  return kinds[place(local)][place(remote)];
}

}  // namespace

/// A row whose heads are all deletes that the applied marker covers is as if it had never been.
bool Judge::Impl::is_forgotten(const Site& site, std::uint32_t row, const Bits& heads) const {
  const VectorClock* stable = site.stable(graph);
  if (stable == nullptr || !heads.any()) return false;
  bool all = true;
  heads.for_each([&](std::uint32_t place) {
    const Made& made = graph.at(row, place);
    all = all && made.operation == Operation::erase && stable->covers(made.dot);
  });
  return all;
}

/// A stable delete came with a snapshot whose giver had forgotten the row, beside changes that had
/// not seen it: those of a newcomer, until it writes them anew.
bool Judge::Impl::is_dropped_delete(const Site& site, std::uint32_t row,
                                    std::uint32_t place) const {
  const VectorClock* stable = site.stable(graph);
  const Made& made = graph.at(row, place);
  return stable != nullptr && made.operation == Operation::erase && stable->covers(made.dot) &&
         !Site::of(site.in_log, row).test(place);
}

Bits Judge::Impl::expected_heads(const Site& site, std::uint32_t row) const {
  Bits heads = graph.maximal(row, Site::of(site.held, row) & graph.row(row).changes);
  if (is_forgotten(site, row, heads)) return {};
  const Bits all = heads;
  all.for_each([&](std::uint32_t place) {
    if (is_dropped_delete(site, row, place)) heads.reset(place);
  });
  return heads;
}

/// While two contents under one dot are about, vectors cannot tell which of them was seen.
bool Judge::Impl::is_disputed(std::uint32_t row) const {
  const RowTruth& truth = graph.row(row);
  bool disputed = false;
  truth.changes.for_each([&](std::uint32_t place) {
    const Made& made = graph.at(row, place);
    if (made.other_version == no_node || disputed) return;
    disputed = is_held_by_any(made);
  });
  return disputed;
}

/// Also where somebody who never saw what is stable wrote after servers or copies had lost it: he
/// may have parted from a row that others have forgotten.
bool Judge::Impl::is_unjudged(std::uint32_t row) const {
  return (bases_are_lost && graph.row(row).loose) || is_disputed(row);
}

bool Judge::Impl::settles(const Site& site, std::uint32_t row) const {
  const PolicySettings policies = site.replica->policies();
  return policies.for_table(graph.row(row).table) != "causal";
}

void Judge::Impl::check_row(Site& site, std::uint32_t row) {
  const RowTruth& truth = graph.row(row);
  if (failed() || row == no_row || site.may_lack(truth.table) || is_unjudged(row)) return;
  const Bits& held = Site::of(site.held, row);
  const ExpectedRow& expected = oracle.expected(row, held, settles(site, row));
  Bits all;
  for (const std::uint32_t head : expected.heads) all.set(head);
  const bool forgotten = is_forgotten(site, row, all);
  std::vector<std::uint32_t> heads;
  for (const std::uint32_t head : expected.heads) {
    if (!forgotten && !is_dropped_delete(site, row, head)) heads.push_back(head);
  }

  const Row shown = site.replica->get(truth.table, truth.row_id);
  bool same = shown.winner.has_value() != heads.empty() &&
              shown.siblings.size() == (heads.size() > 1 ? heads.size() : 0);
  for (std::size_t i = 0; same && i < shown.siblings.size(); ++i) {
    same = graph.at(row, heads[i]).dot == shown.siblings[i].dot;
  }
  if (same && heads.size() == 1) same = graph.at(row, heads[0]).dot == shown.winner->dot;
  if (!same) return fail_row(site, row, heads, shown);
  if (shown.winner) {
    const Dot& greatest = graph.at(row, heads.front()).dot;
    const NodeIndex held_there =
        shown.lsn <= site.at_lsn.size() && shown.lsn != 0 ? site.at_lsn[shown.lsn - 1] : no_node;
    if (shown.winner->dot != greatest || held_there != truth.nodes[heads.front()]) {
      fail("the_greatest_head_is_shown", site, [&] {
        return graph.row_name(row) + " shows " + graph.name(shown.winner->dot) + ", not " +
               graph.name(greatest);
      });
    }
  }
  check_conflicts(site, row, expected, forgotten);
}

void Judge::Impl::fail_row(Site& site, std::uint32_t row, const std::vector<std::uint32_t>& heads,
                           const Row& shown) {
  const Bits held = Site::of(site.held, row) & graph.row(row).changes;
  bool deleted = held.any();
  graph.maximal(row, held).for_each([&](std::uint32_t place) {
    deleted = deleted && graph.at(row, place).operation == Operation::erase;
  });
  const bool resurrected = shown.exists() && deleted;
  fail(resurrected ? "no_resurrection" : "heads_are_the_maximal_changes", site, [&] {
    std::string text = graph.row_name(row) + " has heads {";
    if (shown.siblings.empty() && shown.winner) text += graph.name(shown.winner->dot);
    for (const ChangeView& head : shown.siblings) text += graph.name(head.dot) + " ";
    text += "}, not {";
    for (const std::uint32_t head : heads) text += graph.name(row, head) + " ";
    return text + "}; held are " + graph.names(row, held) + ", of these in its log " +
           graph.names(row, Site::of(site.in_log, row) & held);
  });
}

/// A report on what a rebase decided: a change or void names what it was decided against.
bool Judge::Impl::is_rebase_report(const Site& site, std::uint32_t row,
                                   const ConflictReport& report) const {
  const Dot& left = report.parted_local.dot;
  const Dot& right = report.parted_remote.dot;
  const RowTruth& truth = graph.row(row);
  return std::any_of(truth.nodes.begin(), truth.nodes.end(), [&](NodeIndex index) {
    const Made& made = graph.at(index);
    if (!made.rebased || !made.rebased->against) return false;
    if (!Site::of(site.held, row).test(made.place)) return false;
    const Dot& against = *made.rebased->against;
    return (made.dot == left && against == right) || (made.dot == right && against == left);
  });
}

/// True if the log has a change that did not see something which the log has no more.
bool Judge::Impl::is_blurred(const Site& site, std::uint32_t row) const {
  const Bits& changes = graph.row(row).changes;
  const Bits there = Site::of(site.in_log, row) & changes;
  const Bits dropped = (Site::of(site.held, row) & changes) - there;
  if (!dropped.any()) return false;
  bool blurred = false;
  there.for_each([&](std::uint32_t place) {
    blurred = blurred || !graph.at(row, place).saw.contains(dropped);
  });
  return blurred;
}

void Judge::Impl::check_conflicts(Site& site, std::uint32_t row, const ExpectedRow& expected,
                                  bool forgotten) {
  const RowTruth& truth = graph.row(row);
  if (truth.loose || failed() || is_blurred(site, row)) return;
  ConflictQuery query;
  query.table = truth.table;
  query.row_id = truth.row_id;
  query.limit = 100'000;
  const ConflictPage page = site.replica->conflicts(query);
  std::size_t rebases = 0;
  std::size_t matched = 0;
  for (const ConflictReport& report : page.conflicts) {
    const auto found =
        std::find_if(expected.conflicts.begin(), expected.conflicts.end(),
                     [&](const ExpectedConflict& one) { return one.pair->id == report.id; });
    if (found != expected.conflicts.end()) {
      ++matched;
      if (!forgotten) check_conflict(site, row, *found, report);
    } else if (is_rebase_report(site, row, report)) {
      ++rebases;
    } else {
      fail("conflicts_are_where_history_parted", site, [&] {
        return graph.row_name(row) + " has a conflict of " + graph.name(report.parted_local.dot) +
               " and " + graph.name(report.parted_remote.dot) + ", which did not part there";
      });
    }
  }
  if (matched == expected.conflicts.size() || failed()) return;
  for (const ExpectedConflict& one : expected.conflicts) {
    const bool there = std::any_of(page.conflicts.begin(), page.conflicts.end(),
                                   [&](const auto& report) { return report.id == one.pair->id; });
    if (there) continue;
    fail("conflicts_are_where_history_parted", site, [&] {
      return graph.row_name(row) + " lacks the conflict of " + graph.name(row, one.pair->x) +
             " and " + graph.name(row, one.pair->y) + "; it reports " +
             std::to_string(page.conflicts.size()) + ", " + std::to_string(rebases) +
             " of them from a rebase";
    });
  }
}

void Judge::Impl::check_conflict(Site& site, std::uint32_t row, const ExpectedConflict& expected,
                                 const ConflictReport& report) {
  const PartedPair& pair = *expected.pair;
  const bool x_is_local = report.parted_local.dot == graph.at(row, pair.x).dot;
  const Made& local = graph.at(row, x_is_local ? expected.tip_x : expected.tip_y);
  const Made& remote = graph.at(row, x_is_local ? expected.tip_y : expected.tip_x);
  const auto dot_of = [&](const std::optional<std::uint32_t>& place) {
    return place ? std::optional<Dot>(graph.at(row, *place).dot) : std::nullopt;
  };
  const auto say = [&](const std::string& what, const std::string& is, const std::string& should) {
    return "the conflict of " + graph.name(row, pair.x) + " and " + graph.name(row, pair.y) +
           " of " + graph.row_name(row) + " has " + what + " " + is + ", not " + should;
  };
  const auto show = [&](const std::optional<Dot>& dot) { return dot ? graph.name(*dot) : "none"; };
  if (report.status != expected.status) {
    fail("statuses_follow_from_the_heads", site, [&] {
      return say("status", std::string(to_string(report.status)),
                 std::string(to_string(expected.status)));
    });
  }
  if (report.local.dot != local.dot || report.remote.dot != remote.dot) {
    fail("tips_are_the_greatest", site, [&] {
      return say("tips", graph.name(report.local.dot) + " and " + graph.name(report.remote.dot),
                 graph.name(local.dot) + " and " + graph.name(remote.dot));
    });
  }
  if (report.kind != kind_of(local.operation, remote.operation)) {
    fail("tips_are_the_greatest", site, [&] {
      return say("kind", std::string(to_string(report.kind)),
                 std::string(to_string(kind_of(local.operation, remote.operation))));
    });
  }
  if (report.winner_dot != dot_of(expected.winner)) {
    fail("conflicts_are_won_by_the_policy", site,
         [&] { return say("winner", show(report.winner_dot), show(dot_of(expected.winner))); });
  }
  if (report.resolution != dot_of(expected.resolution)) {
    fail("resolved_stays_resolved", site, [&] {
      return say("resolution", show(report.resolution), show(dot_of(expected.resolution)));
    });
  }
}

}  // namespace syncline::sim
