// What has to hold of everything that comes into a log.

#include <algorithm>

#include "judge_impl.hpp"

namespace syncline::sim {

void Judge::Impl::check_new_of_origin(Site& site, const Made& made) {
  // A void that stands for what was taken back keeps its time.
  const bool another_form = made.operation == Operation::void_ && !made.rebased;
  if (made.hlc <= site.latest && !another_form) {
    fail("time_grows_along_causality", site, [&] {
      return name_of(made) + " is dated " + std::to_string(made.hlc.value) +
             ", not after the latest that is held, " + std::to_string(site.latest.value);
    });
  }
  check_time(site, made);
  if (made.is_row_change() && !made.blind) check_context(site, made);
}

void Judge::Impl::check_time(Site& site, const Made& made) {
  (made.saw & graph.row(made.row).changes).for_each([&](std::uint32_t place) {
    const Made& seen = graph.at(made.row, place);
    if (made.hlc > seen.hlc) return;
    fail("time_grows_along_causality", site,
         [&] { return name_of(made) + " is not dated after " + name_of(seen) + ", which it saw"; });
  });
}

/// What the record says to have seen is what was held: no more, no less.
void Judge::Impl::check_context(Site& site, const Made& made) {
  const VectorClock* stable = nullptr;
  for (const Site::Marker& marker : site.markers) {
    if (marker.number == made.stable) stable = &graph.at(marker.node).context;
  }
  if ((made.stable != 0) != (stable != nullptr)) {
    fail("contexts_tell_what_was_seen", site, [&] {
      return name_of(made) + " names marker " + std::to_string(made.stable) + ", which is not held";
    });
    return;
  }
  graph.row(made.row).changes.for_each([&](std::uint32_t place) {
    const Made& other = graph.at(made.row, place);
    if (place == made.place || other.dot == made.dot) return;
    const bool only =
        other.other_version == no_node && &graph.at(graph.latest(other.dot)) == &other;
    if (!only) return;
    const bool told =
        made.context.covers(other.dot) || (stable != nullptr && stable->covers(other.dot));
    const bool saw = made.saw.test(place);
    if (told != saw) {
      fail("contexts_tell_what_was_seen", site, [&] {
        return name_of(made) + (saw ? " does not tell that it saw " : " tells that it saw ") +
               name_of(other);
      });
    }
    if (made.other_version == no_node && other.context.covers(made.dot)) {
      fail("contexts_tell_what_was_seen", site, [&] {
        return name_of(other) + " tells that it saw " + name_of(made) + ", which came later";
      });
    }
  });
}

void Judge::Impl::check_order(Site& site, const Made& made) {
  const RowTruth& row = graph.row(made.row);
  if (made.row != no_row && site.may_lack(row.table)) return;
  const Bits& held = Site::of(site.held, made.row);
  if (Site::of(site.in_log, made.row).test(made.place)) {
    fail("redelivery_changes_nothing", site,
         [&] { return name_of(made) + " is in the log a second time"; });
  } else if (made.is_row_change() && held.test(made.place) && made.other_version == no_node) {
    fail("redelivery_changes_nothing", site,
         [&] { return name_of(made) + " came again although it had been replaced here"; });
  }
  Bits missing = (made.saw & row.changes) - held;
  // Two that write under one id may write the same, one of them upon something else.
  const Bits seen = missing;
  seen.for_each([&](std::uint32_t place) {
    const Made& other = graph.at(made.row, place);
    const bool only =
        other.other_version == no_node && &graph.at(graph.latest(other.dot)) == &other;
    if (!only) missing.reset(place);
  });
  if (made.is_row_change() && missing.any() && !is_disputed(made.row)) {
    fail("logs_are_causally_closed", site, [&] {
      return name_of(made) + " came before what it saw: " + graph.names(made.row, missing) +
             "; it saw " + graph.names(made.row, made.saw) + " and held are " +
             graph.names(made.row, held);
    });
  }
  if (made.operation == Operation::stable) check_marker(site, made);
  if (!site.is(made.dot.origin)) {
    check_left_durably(site, made);
    check_time_at_server(site, made);
  }
  if (made.is_row_change() && !row.loose) check_straggler(site, made, held);
}

/// What is written after a marker saw all that this covers; only after a server's data were lost,
/// or came back older, there may be somebody who did not. Where history was let go that a change
/// had not seen, its conflicts depend on who looks.
void Judge::Impl::check_straggler(Site& site, const Made& made, const Bits& held) {
  const Bits unseen = (held & graph.row(made.row).changes) - made.saw;
  const VectorClock* stable = site.stable(graph);
  if (made.blind) graph.loosen(made.row);
  if (stable != nullptr && !stable->covers(made.dot) && !made.blind) {
    unseen.for_each([&](std::uint32_t place) {
      const Made& other = graph.at(made.row, place);
      if (!stable->covers(other.dot) || other.other_version != no_node) return;
      if (bases_are_lost) return graph.loosen(made.row);
      fail("what_comes_has_seen_what_is_stable", site, [&] {
        return name_of(made) + " comes after a marker that covers " + name_of(other) +
               ", which it had not seen";
      });
    });
  }
  if ((unseen - Site::of(site.in_log, made.row)).any()) graph.loosen(made.row);
}

/// What a marker covers is held by whoever has it in his log.
void Judge::Impl::check_marker(Site& site, const Made& marker) {
  for (const VectorClock::Entry& entry : marker.context.entries()) {
    if (entry.seq <= site.summary.get(entry.node)) continue;
    for (Sequence seq = site.summary.get(entry.node) + 1; seq <= entry.seq; ++seq) {
      if (is_version_held(site, {entry.node, seq})) continue;
      fail("markers_cover_what_is_held", site, [&] {
        return name_of(marker) + " covers " + graph.name(Dot{entry.node, seq}) +
               ", which is not held";
      });
      return;
    }
  }
}

/// True if some content under this dot is held, or nothing of it has to be.
bool Judge::Impl::is_version_held(const Site& site, const Dot& dot) const {
  NodeIndex index = graph.latest(dot);
  if (index == no_node) return false;
  for (; index != no_node; index = graph.at(index).other_version) {
    const Made& made = graph.at(index);
    if (made.revoked || !made.is_row_change()) return true;
    if (site.may_lack(graph.row(made.row).table)) return true;
    if (Site::of(site.held, made.row).test(made.place)) return true;
  }
  return false;
}

/// What came from its writer is durable there. Who else has it on his disk, because that is a copy
/// of the writer's or because it came there before, may give it as well.
void Judge::Impl::check_left_durably(Site& site, const Made& made) {
  const auto is_durable_at = [&](const Site& other) {
    return &other != &site && other.replica != nullptr &&
           Site::of(other.durable, made.row).test(made.place);
  };
  if (std::any_of(sites.begin(), sites.end(),
                  [&](const auto& other) { return is_durable_at(*other); })) {
    return;
  }
  for (const auto& other : sites) {
    if (other->replica == nullptr || other->replica->node() != made.dot.origin) continue;
    const LogReader reader = other->replica->log();
    const Lsn lsn = reader.find(made.dot);
    if (lsn == 0 || lsn <= other->replica->releasable_lsn()) continue;
    fail("only_durable_changes_leave", site, [&] {
      return name_of(made) + " came from " + other->options.name + ", where it is not durable yet";
    });
  }
}

/// A server does not take from its writer what that dates too far ahead. Who has it under another
/// id, as a copy of the writer's disk has, may give it: it is the caller's own that are refused.
void Judge::Impl::check_time_at_server(Site& site, const Made& made) {
  if (!site.options.server) return;
  bool pushed = false;
  for (const auto& other : sites) {
    if (other->replica == nullptr || other.get() == &site) continue;
    const bool writer = other->replica->node() == made.dot.origin;
    if (!writer && Site::of(other->held, made.row).test(made.place)) return;
    pushed = pushed || writer;
  }
  if (!pushed) return;
  constexpr std::uint64_t after_held_us = 1'000'000;
  const std::uint64_t bound =
      std::max(site.replica->wall_time_us() + site.replica->max_clock_drift_ms() * 1'000,
               std::max(site.latest, site.last_hlc).physical_us() + after_held_us);
  if (made.hlc.physical_us() <= bound) return;
  fail("times_are_bounded_at_the_server", site, [&] {
    return name_of(made) + " is dated " + std::to_string(made.hlc.physical_us() - bound) +
           " us later than a server takes";
  });
}

void Judge::Impl::check_verdict(Site& site, const Made& made, Verdict verdict) {
  if (site.may_lack(graph.row(made.row).table) || is_unjudged(made.row)) return;
  const Verdict expected = oracle.verdict(made.row, made.place, expected_heads(site, made.row));
  if (verdict == expected) return;
  fail("verdicts_follow_the_heads", site, [&] {
    return name_of(made) + " was filed as " + std::string(to_string(verdict)) + ", not as " +
           std::string(to_string(expected));
  });
}

void Judge::Impl::check_transaction_end(Site& site) {
  if (site.at_lsn.empty() || site.at_lsn.back() == no_node) return;
  if (!site.options.tables.empty() || site.choosing) return;
  const Made& last = graph.at(site.at_lsn.back());
  if (!last.transaction || last.transaction->index + 1 == last.transaction->count) return;
  fail("transactions_are_whole", site,
       [&] { return "the log ends in the middle of a transaction, with " + name_of(last); });
}

/// `next` is the first change that a crash took from the log's end.
void Judge::Impl::check_torn(Site& site, NodeIndex next) {
  if (next == no_node || site.at_lsn.empty() || site.at_lsn.back() == no_node) return;
  const Made& last = graph.at(site.at_lsn.back());
  const Made& lost = graph.at(next);
  if (!last.transaction || !lost.transaction || last.dot.origin != lost.dot.origin) return;
  if (last.transaction->number != lost.transaction->number) return;
  fail("transactions_are_whole", site, [&] {
    return "a crash left " + name_of(last) + " and not the next of its transaction, " +
           name_of(lost);
  });
}

/// What a summary covers is held, and it never goes back.
void Judge::Impl::check_summary(Site& site) {
  if (failed() || site.replica == nullptr) return;
  VectorClock now = site.replica->summary();
  if (!now.covers(site.summary)) {
    fail("summaries_never_go_back", site, [&] {
      return to_string(now) + " does not cover what it was before, " + to_string(site.summary);
    });
  }
  for (const VectorClock::Entry& entry : now.entries()) {
    for (Sequence seq = site.summary.get(entry.node) + 1; seq <= entry.seq; ++seq) {
      if (is_version_held(site, {entry.node, seq})) continue;
      fail("no_holes_below_a_summary", site, [&] {
        const NodeIndex index = graph.latest({entry.node, seq});
        return (index == no_node ? graph.name(Dot{entry.node, seq}) : name_of(graph.at(index))) +
               " is covered and not held";
      });
      return;
    }
  }
  site.summary = std::move(now);
}

}  // namespace syncline::sim
