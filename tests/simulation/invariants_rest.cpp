// What has to be equal when all have exchanged.

#include <algorithm>
#include <map>
#include <utility>

#include "judge_impl.hpp"
#include "syncline/record.hpp"

namespace syncline::sim {
namespace {

constexpr std::uint64_t memory_of_nothing = 300'000;
constexpr std::uint64_t memory_of_a_change = 1'000;
constexpr std::uint64_t memory_of_a_byte = 10;

}  // namespace

void Judge::Impl::check_rest() {
  for (const auto& site : sites) {
    observe(*site);
    if (failed() || site->replica == nullptr) continue;
    check_same_log(*site);
    check_filter(*site);
    for (std::uint32_t row = 1; row < graph.rows(); ++row) check_row(*site, row);
    check_counts(*site);
    check_taken_back(*site);
  }
  Site* first = nullptr;
  for (const auto& site : sites) {
    if (site->replica == nullptr || failed()) continue;
    if (!site->options.tables.empty()) continue;
    if (first == nullptr) first = site.get();
    check_equal(*first, *site);
  }
  for (const auto& site : sites) {
    if (first == nullptr || site->replica == nullptr || site->options.tables.empty()) continue;
    check_part(*first, *site);
  }
  check_one_content();
  check_nothing_lost();
  check_announced();
}

/// The log says of each change what it said when that came.
void Judge::Impl::check_same_log(Site& site) {
  const LogReader reader = site.replica->log();
  for (Lsn lsn = 1; lsn <= site.seen; ++lsn) {
    if (!reader.holds(lsn) || site.at_lsn[lsn - 1] == no_node) continue;
    const LogEntry entry = reader.at(lsn);
    const Made& made = graph.at(site.at_lsn[lsn - 1]);
    const bool same = entry.change.dot == made.dot && chain_hash(0, entry.change) == made.content;
    if (same && entry.verdict == site.verdicts[lsn - 1]) continue;
    fail(same ? "redelivery_changes_nothing" : "one_dot_one_content", site, [&] {
      return name_of(made) + " at " + std::to_string(lsn) +
             (same ? " has another verdict than before" : " is another change now");
    });
  }
}

/// A filtered replica holds of others only what it wants. (Where it wrote to a table that it does
/// not want, a rebase compares that with what others wrote there.)
void Judge::Impl::check_filter(Site& site) {
  if (site.options.tables.empty()) return;
  const auto wrote_to = [&](const std::string& table) {
    for (NodeIndex index = 0; index < graph.size(); ++index) {
      const Made& made = graph.at(index);
      const bool own = site.is(made.dot.origin) || site.was(made.dot.origin);
      if (own && graph.row(made.row).table == table) return true;
    }
    return false;
  };
  for (const std::string& table : site.replica->tables()) {
    if (site.wants(table) || wrote_to(table)) continue;
    const RowPage page = site.replica->scan(table);
    for (const Row& row : page.rows) {
      fail("a_filtered_replica_is_the_filter_over_a_full_one", site, [&] {
        return "shows " + table + "/" + std::string(row.winner->row_id) +
               " of a table that it does not hold, by " + graph.name(row.winner->dot);
      });
    }
  }
}

void Judge::Impl::check_counts(Site& site) {
  if (failed()) return;
  std::uint64_t visible = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t conflicts = 0;
  bool exact = site.options.tables.empty() && !site.choosing;
  for (std::uint32_t row = 1; row < graph.rows(); ++row) {
    const RowTruth& truth = graph.row(row);
    if (site.may_lack(truth.table)) continue;
    exact = exact && !truth.loose && !is_disputed(row);
    const ExpectedRow& expected =
        oracle.expected(row, Site::of(site.held, row), settles(site, row));
    conflicts += expected.conflicts.size();
    exact = exact && std::none_of(truth.nodes.begin(), truth.nodes.end(), [&](NodeIndex index) {
              return graph.at(index).rebased && graph.at(index).rebased->against;
            });
    Bits heads;
    for (const std::uint32_t head : expected.heads) heads.set(head);
    if (expected.heads.empty() || is_forgotten(site, row, heads)) continue;
    const bool deleted = graph.at(row, expected.heads.front()).operation == Operation::erase;
    ++(deleted ? tombstones : visible);
  }
  const LogStatistics statistics = site.replica->statistics();
  const auto expect = [&](const char* what, std::uint64_t is, std::uint64_t should_be) {
    if (is == should_be || !exact) return;
    fail("counts_are_right", site, [&] {
      return std::string(what) + ": " + std::to_string(is) + ", not " + std::to_string(should_be);
    });
  };
  expect("visible rows", statistics.rows, visible);
  expect("rows of the checksum", site.replica->visible_checksum().rows, visible);
  expect("deleted rows that are remembered", statistics.tombstones, tombstones);
  const ConflictStatistics counted = site.replica->conflict_statistics();
  if (counted.not_kept == 0) expect("conflicts", counted.total, conflicts);
  const std::uint64_t accounted = memory_of_nothing + memory_of_a_change * statistics.changes +
                                  memory_of_a_byte * statistics.bytes;
  if (statistics.memory_bytes > accounted) {
    fail("memory_stays_within_its_budget", site, [&] {
      return std::to_string(statistics.memory_bytes) + " bytes are held for " +
             std::to_string(statistics.changes) + " changes of " +
             std::to_string(statistics.bytes) + " bytes";
    });
  }
}

/// Markers are no user's changes, and without them nothing could be set free. What a home that came
/// back older wrote anew may not be lost because that takes more room.
std::uint64_t Judge::Impl::bytes_under_plan(const Replica& replica) {
  std::uint64_t bytes = replica.statistics().bytes;
  const LogReader log = replica.log();
  for (Lsn lsn = 1; lsn <= log.last_lsn(); ++lsn) {
    if (!log.holds(lsn)) continue;
    const ChangeView change = log.at(lsn).change;
    const bool counts = change.operation != Operation::stable && !rebased_of(change);
    if (!counts) bytes -= change.record.size();
  }
  return bytes;
}

void Judge::Impl::check_budget(Site& site) {
  if (site.budget_bytes == 0) return;
  const std::uint64_t held = bytes_under_plan(*site.replica);
  if (held <= site.budget_bytes) return;
  fail("memory_stays_within_its_budget", site, [&] {
    return "holds " + std::to_string(held) + " bytes of changes, and the plan allows " +
           std::to_string(site.budget_bytes);
  });
}

void Judge::Impl::check_equal(Site& left, Site& right) {
  const auto differ = [&](const std::string& what) {
    fail("all_agree_in_the_end", right,
         [&] { return "another " + what + " than at " + left.options.name; });
  };
  if (&left == &right) return;
  if (left.summary != right.summary) {
    differ("summary, " + to_string(right.summary) + " instead of " + to_string(left.summary) + ",");
  }
  for (std::uint32_t row = 1; row < graph.rows() && !failed(); ++row) {
    const Bits& changes = graph.row(row).changes;
    const Bits here = Site::of(left.held, row) & changes;
    const Bits there = Site::of(right.held, row) & changes;
    if (!(here == there)) {
      differ("set of changes of " + graph.row_name(row) + ", " + graph.names(row, there - here) +
             " more and " + graph.names(row, here - there) + " less,");
    }
  }
  check_equal_heads(left, right);
  if (left.replica->visible_checksum() != right.replica->visible_checksum()) differ("checksum");
  const auto stable_of = [&](const Site& site) -> NodeIndex {
    return site.markers.empty() ? no_node : site.markers.back().node;
  };
  if (stable_of(left) != stable_of(right)) differ("stable marker");
  if (left.replica->policies() != right.replica->policies()) differ("policy");
  check_equal_reports(left, right);
}

/// Whatever the truth is: both say the same of each row.
void Judge::Impl::check_equal_heads(Site& left, Site& right) {
  const auto heads_of = [&](const Site& site, std::uint32_t row) {
    const RowTruth& truth = graph.row(row);
    const Row shown = site.replica->get(truth.table, truth.row_id);
    std::vector<Dot> heads;
    for (const ChangeView& head : shown.siblings) heads.push_back(head.dot);
    if (heads.empty() && shown.winner) heads.push_back(shown.winner->dot);
    return heads;
  };
  for (std::uint32_t row = 1; row < graph.rows() && !failed(); ++row) {
    if (is_unjudged(row) || heads_of(left, row) == heads_of(right, row)) continue;
    fail("all_agree_in_the_end", right, [&] {
      return "has other heads of " + graph.row_name(row) + " than " + left.options.name;
    });
  }
}

/// What every replica says alike of its conflicts.
void Judge::Impl::check_equal_reports(Site& left, Site& right) {
  if (failed()) return;
  const auto reports_of = [&](const Site& site) {
    ConflictQuery query;
    query.limit = 100'000;
    std::map<ConflictId, std::string> reports;
    const ConflictPage page = site.replica->conflicts(query);
    for (const ConflictReport& report : page.conflicts) {
      if (graph.row(graph.row_of(report.table, report.row_id)).loose) continue;
      const auto [less, greater] = std::minmax(report.local.dot, report.remote.dot);
      reports[report.id] =
          report.table + "/" + report.row_id + " " + std::string(to_string(report.status)) + " " +
          graph.name(less) + " " + graph.name(greater) + " won by " +
          (report.winner_dot ? graph.name(*report.winner_dot) : "none") + " settled by " +
          (report.resolution ? graph.name(*report.resolution) : "none");
    }
    return reports;
  };
  const auto here = reports_of(left);
  const auto there = reports_of(right);
  if (here == there) return;
  fail("all_report_the_same_conflicts", right, [&] {
    std::string text = "other conflicts than at " + left.options.name + ":";
    for (const auto& [id, report] : there) {
      const auto same = here.find(id);
      if (same == here.end()) text += " more: " + report + ";";
      if (same != here.end() && same->second != report) {
        text += " " + report + " instead of " + same->second + ";";
      }
    }
    for (const auto& [id, report] : here) {
      if (!there.contains(id)) text += " less: " + report + ";";
    }
    return text;
  });
}

/// A filtered replica shows what a full one shows of these tables, and covers all that it does.
void Judge::Impl::check_part(Site& full, Site& part) {
  if (failed()) return;
  if (!part.summary.covers(full.summary)) {
    fail("a_filtered_replica_is_the_filter_over_a_full_one", part, [&] {
      return "its summary " + to_string(part.summary) + " does not cover that of " +
             full.options.name + ", " + to_string(full.summary);
    });
  }
  for (std::uint32_t row = 1; row < graph.rows() && !failed(); ++row) {
    const RowTruth& truth = graph.row(row);
    if (!part.wants(truth.table)) continue;
    const Row here = full.replica->get(truth.table, truth.row_id);
    const Row there = part.replica->get(truth.table, truth.row_id);
    const bool same = here.exists() == there.exists() &&
                      (!here.exists() || here.winner->dot == there.winner->dot);
    if (same) continue;
    fail("a_filtered_replica_is_the_filter_over_a_full_one", part, [&] {
      return "shows " + (there.winner ? graph.name(there.winner->dot) : "nothing") + " of " +
             graph.row_name(row) + ", not " + (here.winner ? graph.name(here.winner->dot) : "none");
    });
  }
}

/// In the end there is one content under each dot, whatever was about before.
void Judge::Impl::check_one_content() {
  if (failed()) return;
  std::map<Dot, std::pair<NodeIndex, const Site*>> contents;
  for (const auto& site : sites) {
    if (site->replica == nullptr) continue;
    for (const NodeIndex index : site->at_lsn) {
      if (index == no_node) continue;
      const Dot& dot = graph.at(index).dot;
      const auto [place, added] = contents.try_emplace(dot, index, site.get());
      if (added || place->second.first == index) continue;
      fail("one_dot_one_content", *site, [&] {
        return "has another change under " + graph.name(dot) + " than " +
               place->second.second->options.name;
      });
    }
  }
}

/// Each acknowledged write is there, was replaced by one that saw it, was written anew or decided
/// by a rebase, says what another one says, or went with a disk before anybody else had it.
void Judge::Impl::check_nothing_lost() {
  for (std::uint32_t row = 1; row < graph.rows() && !failed(); ++row) {
    const RowTruth& truth = graph.row(row);
    const Bits kept = accounted_for(row, nullptr);
    for (const NodeIndex index : truth.nodes) {
      const Made& made = graph.at(index);
      if (!made.acknowledged || made.revoked || made.gone || kept.test(made.place)) continue;
      fail("nothing_acknowledged_is_lost", *sites.front(),
           [&] { return name_of(made) + " was acknowledged and is nowhere"; });
    }
  }
}

/// What is there or stands for by what is: at one site or, for null, at any.
Bits Judge::Impl::accounted_for(std::uint32_t row, const Site* only) const {
  const RowTruth& truth = graph.row(row);
  Bits kept;
  for (const auto& site : sites) {
    if (only != nullptr && only != site.get()) continue;
    if (site->replica != nullptr) kept |= Site::of(site->held, row);
  }
  const Bits there = kept;
  for (const NodeIndex index : truth.nodes) {
    const Made& made = graph.at(index);
    const bool same_there = [&] {
      bool same = false;
      (there & truth.changes).for_each([&](std::uint32_t place) {
        same = same || graph.same_outcome(row, place, made.place);
      });
      return same;
    }();
    // What was deleted, and is nowhere, is as it was to be.
    const bool deleted =
        only == nullptr && made.operation == Operation::erase && !(there & truth.changes).any();
    // What was taken back is in the list that the app reads.
    const bool settled = made.gone || made.revoked || made.forgotten || deleted;
    if (settled || same_there) kept.set(made.place);
  }
  const auto name_of_orphan = [](const Made& made) {
    return made.rebased ? made.rebased->orphan : made.dot;
  };
  for (bool more = true; more;) {
    Bits wider = kept;
    kept.for_each([&](std::uint32_t place) { wider |= graph.at(row, place).saw; });
    for (const NodeIndex index : truth.nodes) {
      const Made& made = graph.at(index);
      if (wider.test(made.place)) continue;
      const bool anew = std::any_of(truth.nodes.begin(), truth.nodes.end(), [&](NodeIndex other) {
        const Made& again = graph.at(other);
        return again.rebased && wider.test(again.place) &&
               again.rebased->orphan == name_of_orphan(made) && again.data_hash == made.data_hash;
      });
      if (anew) wider.set(made.place);
    }
    more = !(wider == kept);
    kept = std::move(wider);
  }
  return kept;
}

/// Replicas write nothing by themselves but what a rebase has to write anew.
void Judge::Impl::check_announced() {
  if (failed()) return;
  std::sort(announced.begin(), announced.end());
  for (NodeIndex index = 0; index < graph.size(); ++index) {
    const Made& made = graph.at(index);
    if (!made.is_row_change() || made.rebased) continue;
    if (std::binary_search(announced.begin(), announced.end(), made.dot)) continue;
    const bool unsure = std::any_of(sites.begin(), sites.end(), [&](const auto& site) {
      return site->unsure_of_writes && site->is(made.dot.origin);
    });
    if (unsure) continue;
    fail("replicas_write_nothing_by_themselves", *sites.front(),
         [&] { return name_of(made) + " was written by nobody who asked for it"; });
  }
}

/// What was taken back is on the list until the app discards it.
void Judge::Impl::check_taken_back(Site& site) {
  if (failed() || site.replica == nullptr) return;
  std::vector<Dot> listed;
  const std::vector<RejectedChange> rejected = site.replica->rejected_changes();
  for (const RejectedChange& change : rejected) listed.push_back(change.change.dot);
  if (!std::exchange(site.list_is_known, true)) {
    site.taken_back = listed;
    return;
  }
  const auto has = [](const std::vector<Dot>& dots, const Dot& dot) {
    return std::find(dots.begin(), dots.end(), dot) != dots.end();
  };
  for (const Dot& dot : site.taken_back) {
    if (has(listed, dot) || has(site.discarded, dot)) continue;
    fail("each_pushed_change_has_one_verdict", site,
         [&] { return graph.name(dot) + " was taken back and is not on the list of these"; });
  }
  for (const Dot& dot : listed) {
    if (has(site.taken_back, dot)) continue;
    fail("each_pushed_change_has_one_verdict", site,
         [&] { return graph.name(dot) + " is on the list of what was taken back, and was not"; });
  }
}

/// What a round told to have taken back is void here, unless the id was given up since: then it
/// went with the rest that was written under that, and is on the list only.
void Judge::Impl::check_void_there(Site& site, const Dot& dot) {
  if (failed() || site.replica == nullptr) return;
  const LogReader reader = site.replica->log();
  const Lsn lsn = reader.find(dot);
  if (lsn == 0 && site.replica->node() != dot.origin) return;
  if (lsn != 0 && reader.holds(lsn) && reader.at(lsn).change.operation == Operation::void_) return;
  fail("each_pushed_change_has_one_verdict", site,
       [&] { return graph.name(dot) + " was told to be taken back and is no void"; });
}

}  // namespace syncline::sim
