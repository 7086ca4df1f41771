#include "laws/verify.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace syncline::laws {
ConflictKind kind_in_table(Operation local, Operation remote) {
  using enum ConflictKind;
  static const std::map<std::pair<Operation, Operation>, ConflictKind> kinds = {
      {{Operation::insert, Operation::insert}, insert_insert},
      {{Operation::insert, Operation::update}, insert_update},
      {{Operation::insert, Operation::erase}, insert_delete},
      {{Operation::update, Operation::insert}, update_insert},
      {{Operation::update, Operation::update}, update_update},
      {{Operation::update, Operation::erase}, update_delete},
      {{Operation::erase, Operation::insert}, delete_insert},
      {{Operation::erase, Operation::update}, delete_update},
      {{Operation::erase, Operation::erase}, delete_delete},
  };
  return kinds.at({local, remote});
}

namespace {

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string show(const Dot& dot) { return short_name(dot); }
std::string show(const std::optional<Dot>& dot) { return dot ? short_name(*dot) : "none"; }
std::string show(bool value) { return value ? "true" : "false"; }
std::string show(std::uint64_t value) { return std::to_string(value); }
std::string show(std::string_view value) { return "'" + std::string(value) + "'"; }
std::string show(const std::string& value) { return "'" + value + "'"; }
std::string show(ConflictStatus value) { return std::string(to_string(value)); }
std::string show(ConflictKind value) { return std::string(to_string(value)); }
std::string show(ConflictWinner value) { return std::string(to_string(value)); }
std::string show(const VectorClock& clock) { return to_string(clock); }

/// Collects what is found; costs next to nothing as long as that is nothing.
class Findings {
 public:
  template <typename Value>
  void expect(const char* what, const Value& is, const Value& should_be) {
    if (is != should_be)
      text_ += where_ + what + " is " + show(is) + ", not " + show(should_be) + "; ";
  }
  void expect_true(const char* what, bool holds) {
    if (!holds) text_ += where_ + "not true: " + what + "; ";
  }
  void at(std::string where) { where_ = std::move(where) + ": "; }
  bool none() const { return text_.empty(); }
  std::string take() { return std::move(text_); }

 private:
  std::string where_;
  std::string text_;
};

void check_log(const Look& look, Findings& findings) {
  findings.at("log");
  const std::uint64_t count = look.held.count();
  const LogReader reader = look.replica.log();
  findings.expect("last LSN", std::uint64_t{reader.last_lsn()}, count);
  findings.expect("releasable LSN", std::uint64_t{look.replica.releasable_lsn()}, count);
  findings.expect("summary", look.replica.summary(), look.graph.clock_of(look.held));
  ChangeSet before;
  for (Lsn lsn = 1; lsn <= reader.last_lsn() && findings.none(); ++lsn) {
    const LogEntry entry = reader.at(lsn);
    const auto index = look.graph.find(entry.change.dot);
    findings.expect_true("an entry is a change that was made and delivered",
                         index && look.held[*index]);
    if (!index) return;
    findings.expect("record", text_of(entry.change.record),
                    std::string_view(look.graph.at(*index).record));
    findings.expect("LSN by dot", std::uint64_t{reader.find(entry.change.dot)}, std::uint64_t{lsn});
    findings.expect_true("what a change saw comes before it, and its origin's changes in order",
                         look.graph.acceptable(*index, before));
    before.set(*index);
  }
}

void check_row(const Look& look, std::size_t row, Findings& findings) {
  const RowName& name = look.graph.name(row);
  const ExpectedRow& expected = look.graph.expected(row, look.held);
  const Row shown = look.replica.get(name.table, name.row_id);
  findings.expect("has a winner", shown.winner.has_value(), !expected.heads.empty());
  if (expected.heads.empty() || !shown.winner) return;
  const Made& winner = look.graph.at(expected.heads.front());
  findings.expect("winner", shown.winner->dot, winner.change.dot);
  findings.expect("winner's record", text_of(shown.winner->record),
                  std::string_view(winner.record));
  findings.expect("exists", shown.exists(), winner.change.operation != Operation::erase);
  findings.expect("winner's LSN", std::uint64_t{shown.lsn},
                  std::uint64_t{look.replica.log().find(winner.change.dot)});
  const std::size_t siblings = expected.heads.size() > 1 ? expected.heads.size() : 0;
  findings.expect("number of siblings", shown.siblings.size(), siblings);
  for (std::size_t i = 0; i < std::min(siblings, shown.siblings.size()); ++i) {
    findings.expect("sibling", shown.siblings[i].dot, look.graph.at(expected.heads[i]).change.dot);
  }
  findings.expect("token", look.replica.token(name.table, name.row_id), Replica::token_of(shown));

  const LogReader reader = look.replica.log();
  std::size_t count = 0;
  Lsn above = reader.last_lsn() + 1;
  for (const LogEntry& entry : look.replica.history(reader, name.table, name.row_id, max_changes)) {
    findings.expect_true("history goes from new to old", entry.lsn < above);
    above = entry.lsn;
    const auto index = look.graph.find(entry.change.dot);
    if (index && look.graph.at(*index).change.operation != Operation::void_) ++count;
  }
  ChangeSet of_row = look.held & look.graph.of_row(row);
  for (const std::size_t i : members(of_row)) {
    if (look.graph.at(i).change.operation == Operation::void_) of_row.reset(i);
  }
  findings.expect("length of history", count, of_row.count());
}

/// The expected winner, from where the report stands.
ConflictWinner winner_word(const ConflictReport& report, const Graph& graph,
                           const ExpectedConflict& expected) {
  if (!expected.winner) return ConflictWinner::none;
  if (expected.merged) return ConflictWinner::merged;
  return graph.at(*expected.winner).change.dot == report.local.dot ? ConflictWinner::local
                                                                   : ConflictWinner::remote;
}

void check_sides(const Look& look, const ConflictReport& report, const ExpectedConflict& expected,
                 Findings& findings) {
  const Graph& graph = look.graph;
  // Local is the side that was held first; after a snapshot that cannot be told from the log.
  const LogReader reader = look.replica.log();
  const Dot x = graph.at(expected.x).change.dot;
  const Dot y = graph.at(expected.y).change.dot;
  const bool x_is_local =
      look.relaid ? report.parted_local.dot == x : reader.find(x) < reader.find(y);
  const Made& local = graph.at(x_is_local ? expected.x : expected.y);
  const Made& remote = graph.at(x_is_local ? expected.y : expected.x);
  findings.expect("local parting change", report.parted_local.dot, local.change.dot);
  findings.expect("remote parting change", report.parted_remote.dot, remote.change.dot);
  findings.expect("local parting context", report.parted_local.context, local.change.context);
  findings.expect("remote parting context", report.parted_remote.context, remote.change.context);

  Dot local_tip = graph.at(x_is_local ? expected.tip_x : expected.tip_y).change.dot;
  Dot remote_tip = graph.at(x_is_local ? expected.tip_y : expected.tip_x).change.dot;
  // Where both tips saw both sides, neither belongs to one side more than to the other.
  const bool either =
      graph.is_or_saw(expected.tip_x, expected.y) && graph.is_or_saw(expected.tip_y, expected.x);
  if (either && report.local.dot == remote_tip) std::swap(local_tip, remote_tip);
  findings.expect("local tip", report.local.dot, local_tip);
  findings.expect("remote tip", report.remote.dot, remote_tip);
  for (const auto& [tip, lsn] :
       {std::pair{&report.local, report.local_lsn}, std::pair{&report.remote, report.remote_lsn}}) {
    const auto index = graph.find(tip->dot);
    if (!index) continue;
    findings.expect_true("a tip is given in full", *tip == graph.at(*index).change);
    findings.expect("LSN of a tip", std::uint64_t{lsn}, std::uint64_t{reader.find(tip->dot)});
  }
}

void check_conflict(const Look& look, const ConflictReport& report,
                    const ExpectedConflict& expected, Findings& findings) {
  const Graph& graph = look.graph;
  findings.expect("status", report.status, expected.status);
  check_sides(look, report, expected, findings);
  if (!findings.none()) return;
  findings.expect("kind", report.kind,
                  kind_in_table(report.local.operation, report.remote.operation));
  const auto dot_of = [&](const std::optional<std::size_t>& index) {
    return index ? std::optional<Dot>(graph.at(*index).change.dot) : std::nullopt;
  };
  findings.expect("winner's dot", report.winner_dot, dot_of(expected.winner));
  findings.expect("winner", report.winner, winner_word(report, graph, expected));
  findings.expect("resolution", report.resolution, dot_of(expected.resolution));
  const bool based = expected.base && graph.at(*expected.base).change.operation != Operation::erase;
  findings.expect("base", report.base_data, based ? graph.at(*expected.base).change.data : "");
  findings.expect_true(
      "the base's format is right",
      report.base_format == (based ? graph.at(*expected.base).change.format : PayloadFormat::none));
  findings.expect("policy", report.policy, std::string(graph.settles() ? "lww" : "causal"));
  findings.expect_true("a reason is given", !report.reason.empty());
}

void check_conflicts(const Look& look, const std::vector<ConflictReport>& reports, std::size_t row,
                     Findings& findings) {
  const RowName& name = look.graph.name(row);
  const ExpectedRow& expected = look.graph.expected(row, look.held);
  std::map<ConflictId, const ConflictReport*> by_id;
  for (const ConflictReport& report : reports) {
    if (report.table != name.table || report.row_id != name.row_id) continue;
    findings.expect_true("a conflict is listed once", by_id.emplace(report.id, &report).second);
  }
  findings.expect("number of conflicts", by_id.size(), expected.conflicts.size());
  const std::string where = name.table + "/" + name.row_id;
  for (const ExpectedConflict& conflict : expected.conflicts) {
    const Dot& x = look.graph.at(conflict.x).change.dot;
    const Dot& y = look.graph.at(conflict.y).change.dot;
    const auto found = by_id.find(conflict.id);
    if (!findings.none()) return;
    findings.at(where + " conflict of " + short_name(x) + " and " + short_name(y));
    findings.expect_true("it is reported", found != by_id.end());
    if (found != by_id.end()) check_conflict(look, *found->second, conflict, findings);
  }
  findings.at(where);
  if (look.graph.settles()) return;
  for (const std::size_t head : expected.heads) {
    for (const std::size_t other : expected.heads) {
      if (head >= other || look.graph.same_outcome(head, other)) continue;
      const bool separated = std::any_of(
          expected.conflicts.begin(), expected.conflicts.end(), [&](const ExpectedConflict& some) {
            return by_id.contains(some.id) && by_id.at(some.id)->status == ConflictStatus::open &&
                   look.graph.separates(some.x, some.y, head, other);
          });
      findings.expect_true("heads that differ have an open conflict between them", separated);
    }
  }
}

std::vector<ConflictReport> all_conflicts(const Replica& replica) {
  ConflictQuery query;
  query.limit = 100'000;
  return replica.conflicts(query).conflicts;
}

}  // namespace

std::string short_name(const Dot& dot) {
  const char letter = static_cast<char>('A' + dot.origin.bytes().back() - 1);
  return letter + std::to_string(dot.seq);
}

std::string difference(const Look& look) {
  Findings findings;
  check_log(look, findings);
  const std::vector<ConflictReport> reports = all_conflicts(look.replica);
  std::size_t conflicts = 0;
  std::uint64_t visible = 0;
  for (std::size_t row = 0; row < look.graph.rows() && findings.none(); ++row) {
    findings.at(look.graph.name(row).table + "/" + look.graph.name(row).row_id);
    check_row(look, row, findings);
    check_conflicts(look, reports, row, findings);
    const ExpectedRow& expected = look.graph.expected(row, look.held);
    conflicts += expected.conflicts.size();
    if (!expected.heads.empty() &&
        look.graph.at(expected.heads.front()).change.operation != Operation::erase) {
      ++visible;
    }
  }
  if (findings.none()) {
    findings.at("all");
    findings.expect("number of conflicts", reports.size(), conflicts);
    findings.expect("visible rows", look.replica.visible_checksum().rows, visible);
    findings.expect("rows counted", look.replica.statistics().rows, visible);
    findings.expect("changes counted", look.replica.statistics().changes,
                    std::uint64_t{look.held.count()});
    findings.expect("conflicts counted", look.replica.conflict_statistics().total,
                    std::uint64_t{conflicts});
  }
  return findings.take();
}

std::string fingerprint(const Replica& replica) {
  std::ostringstream out;
  const LogReader reader = replica.log();
  out << reader.log_id().to_string() << to_string(replica.summary());
  for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
    const LogEntry entry = reader.at(lsn);
    out << '\n'
        << short_name(entry.change.dot) << ' ' << to_string(entry.verdict) << ' '
        << entry.before_lsn << ' ' << entry.received_at_us << ' ' << entry.skewed;
  }
  out << '\n' << replica.visible_checksum().rows << ' ' << replica.visible_checksum().hash;
  for (const ConflictReport& report : all_conflicts(replica)) {
    out << '\n'
        << syncline::to_string(report.id) << to_string(report.status) << to_string(report.kind)
        << short_name(report.local.dot) << short_name(report.remote.dot) << to_string(report.winner)
        << show(report.winner_dot) << show(report.resolution) << report.local_lsn << ' '
        << report.remote_lsn << ' ' << report.detected_at_us << ' ' << report.local_received_us
        << ' ' << report.remote_received_us << ' ' << report.resolved_at_us.value_or(0)
        << report.resolved_by << report.reason << report.skewed;
  }
  return out.str();
}

}  // namespace syncline::laws
