// The inside of the judge, shared by its files.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph.hpp"
#include "judge.hpp"
#include "judge_site.hpp"
#include "oracle.hpp"

namespace syncline::sim {

/// What a server's record of a peer says.
struct NotedPeer {
  NodeId node;
  VectorClock acknowledged;
};

struct Judge::Impl {
  explicit Impl(Options given);

  using Site = JudgedSite;

  /// Keeps the first violation. `what` is asked for its words only then.
  template <typename Say>
  void fail(std::string_view invariant, const Site& site, Say&& say) {
    if (violation) return;
    violation = Violation{std::string(invariant), site.options.name + ": " + say()};
  }
  bool failed() const { return violation.has_value(); }

  // Reading logs (judge_log.cpp).
  void observe(Site& site);
  void look_at_identity(Site& site);
  bool goes_on(const Site& site, const LogReader& reader) const;
  void read_on(Site& site, const LogReader& reader);
  void read_anew(Site& site, const LogReader& reader);
  NodeIndex take(Site& site, const LogEntry& entry, bool anew);
  NodeIndex identify(Site& site, const ChangeView& change, std::uint64_t content);
  NodeIndex create(Site& site, const ChangeView& change, std::uint64_t content);
  NodeIndex version_held_before(const Site& site, const Dot& dot) const;
  NodeIndex create_again(Site& site, NodeIndex before, const ChangeView& change,
                         std::uint64_t content);
  Bits seen_again(const Site& site, const Made& former) const;
  void take_marker(Site& site, NodeIndex index, bool anew);
  void hold(Site& site, NodeIndex index);
  void look_at_durable(Site& site, const LogReader& reader);

  // What is missing (judge_losses.cpp).
  void hold_what_is_stable(Site& site);
  void settle_choice(Site& site);
  void note_losses(Site& site, const std::vector<Bits>& before, const std::vector<Bits>& durable,
                   bool same_log);
  void note_forgotten_orphans(Site& site);
  bool is_one_held(const Bits& held, const Made& made) const;
  bool is_held_by_server(const Made& made) const;
  bool is_held_as_stable(const Site& site, const Made& made) const;
  bool is_held_elsewhere(const Site& site, const Made& made) const;
  bool is_held_by_any(const Made& made) const;
  void note_revoked(Site& site, NodeIndex index);

  // Steps (invariants_log.cpp): what a log may bring.
  void check_new_of_origin(Site& site, const Made& made);
  void check_time(Site& site, const Made& made);
  void check_context(Site& site, const Made& made);
  void check_order(Site& site, const Made& made);
  void check_straggler(Site& site, const Made& made, const Bits& held);
  void check_marker(Site& site, const Made& marker);
  bool is_version_held(const Site& site, const Dot& dot) const;
  void check_left_durably(Site& site, const Made& made);
  void check_time_at_server(Site& site, const Made& made);
  void check_verdict(Site& site, const Made& made, Verdict verdict);
  void check_transaction_end(Site& site);
  void check_torn(Site& site, NodeIndex next);
  void check_summary(Site& site);
  void check_taken_back(Site& site);
  void check_void_there(Site& site, const Dot& dot);

  // Rows (invariants_rows.cpp): what is shown.
  Bits expected_heads(const Site& site, std::uint32_t row) const;
  bool is_dropped_delete(const Site& site, std::uint32_t row, std::uint32_t place) const;
  bool is_forgotten(const Site& site, std::uint32_t row, const Bits& heads) const;
  bool is_disputed(std::uint32_t row) const;
  bool is_unjudged(std::uint32_t row) const;
  bool settles(const Site& site, std::uint32_t row) const;
  void check_row(Site& site, std::uint32_t row);
  void fail_row(Site& site, std::uint32_t row, const std::vector<std::uint32_t>& heads,
                const Row& shown);
  bool is_blurred(const Site& site, std::uint32_t row) const;
  void check_conflicts(Site& site, std::uint32_t row, const ExpectedRow& expected, bool forgotten);
  void check_conflict(Site& site, std::uint32_t row, const ExpectedConflict& expected,
                      const ConflictReport& report);
  bool is_rebase_report(const Site& site, std::uint32_t row, const ConflictReport& report) const;

  // Peers (invariants_peers.cpp): what servers know of who asks them.
  void check_acknowledged(Site& server);
  const std::optional<NotedPeer>& read_peer(const std::string& bytes);
  void check_acknowledged_by(Site& site, const Site& server, const VectorClock& acknowledged);

  // Rest (invariants_rest.cpp): what has to be equal in the end.
  void check_rest();
  void check_same_log(Site& site);
  void check_filter(Site& site);
  void check_counts(Site& site);
  void check_budget(Site& site);
  static std::uint64_t bytes_under_plan(const Replica& replica);
  void check_equal(Site& left, Site& right);
  void check_equal_heads(Site& left, Site& right);
  void check_equal_reports(Site& left, Site& right);
  void check_part(Site& full, Site& part);
  void check_nothing_lost();
  Bits accounted_for(std::uint32_t row, const Site* only) const;
  void check_announced();
  void check_one_content();

  /// With the sites that ever wrote under its origin's id.
  std::string name_of(const Made& made) const {
    std::string text = graph.name(made.dot) + " " + std::string(to_string(made.operation));
    if (made.row != no_row) text += " of " + graph.row_name(made.row);
    for (const auto& site : sites) {
      if (site->is(made.dot.origin)) text += " by " + site->options.name;
    }
    return text;
  }

  Options options;
  Graph graph;
  Oracle oracle;
  std::vector<std::unique_ptr<Site>> sites;
  std::map<std::string, std::optional<NotedPeer>> noted_peers;  ///< by their records' bytes
  std::vector<Dot> announced;
  std::vector<std::uint32_t> touched;  ///< rows of the site that is being observed
  /// A server lost data, or came back older: there may be somebody who has not seen what is stable.
  bool bases_are_lost = false;
  std::optional<Violation> violation;
};

}  // namespace syncline::sim
