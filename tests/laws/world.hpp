// A few real replicas with the graph of all changes beside them.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "laws/oracle.hpp"
#include "syncline/replica.hpp"

namespace syncline::laws {

/// What a step writes.
enum class Act : std::uint8_t {
  put_new,       ///< bytes that nobody else writes
  put_same,      ///< bytes that others write, too
  put_same_raw,  ///< the same bytes under another format, which is another value
  erase,
  resolve_lesser,  ///< settles the row's first conflict that can be, by picking its lesser tip
  resolve_new,     ///< settles it by a value of its own
};

std::string_view to_string(Act act);

/// How the records of one delivery are handed over. Each form has to have the same effect.
enum class Batching : std::uint8_t {
  one_by_one,
  at_once,
  each_twice,     ///< in one batch, each record two times in a row
  twice_at_once,  ///< the whole batch, then the whole batch again
};

/// `index` + 1 is the id's last byte, so that names in messages are A, B, C, …
NodeId node_id(std::size_t index);

/// The node and the clock of each replica.
struct Setup {
  std::string policy = "lww";
  std::vector<std::size_t> nodes;     ///< indexes for `node_id`: they decide ties
  std::vector<std::uint64_t> clocks;  ///< in steps of one second after an arbitrary moment
  std::size_t rows = 2;
};

/// Carries out actions on replicas, each with its expected outcome by the graph. After the first
/// thing that is not as expected `failure` tells it, with all that was done before, and actions do
/// nothing any more.
class World {
 public:
  explicit World(const Setup& setup);

  std::size_t size() const { return sites_.size(); }
  const Graph& graph() const { return graph_; }
  const ChangeSet& held(std::size_t site) const { return sites_[site].held; }
  const Replica& replica(std::size_t site) const { return *sites_[site].replica; }
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  /// Adds a replica that has nothing yet. Returns its place.
  std::size_t add_site(std::size_t node, std::uint64_t clock);
  void drop_last_site() { sites_.pop_back(); }
  void set_clock(std::size_t site, std::uint64_t clock);

  /// False if the write is one that the row does not allow and that was refused accordingly.
  bool write(std::size_t site, std::size_t row, Act act);
  /// The writes of one transaction or of one batch: puts and deletes as the acts say.
  struct RowAct {
    std::size_t row = 0;
    Act act = Act::put_new;
  };
  void transaction(std::size_t site, std::span<const RowAct> acts);
  void batch(std::size_t site, std::span<const RowAct> acts);

  /// Hands the site all of `wanted` that it lacks, in the order of making.
  void take(std::size_t site, const ChangeSet& wanted, Batching batching);
  /// Hands over exactly these, in this order, whatever it holds; what it cannot take yet has to be
  /// refused and to leave no trace.
  void integrate(std::size_t site, const std::vector<std::size_t>& changes);
  /// Reads at most `limit` changes (more, if a transaction is longer) that `to` lacks out of the
  /// log of `from` and integrates them.
  void pull(std::size_t to, std::size_t from, std::size_t limit, Batching batching);
  void merge(std::size_t to, std::size_t from);

  /// Compares the site with the graph, and with what it reported before.
  void check(std::size_t site);
  void check_all();
  /// All that there is once more, all at once and one by one: has to change nothing.
  void redeliver(std::size_t site);
  /// Requires that all replicas hold all changes: then they show the same.
  void check_equal();

 private:
  struct Site {
    NodeId node;
    std::unique_ptr<ManualClock> clock;
    std::unique_ptr<SeededRandom> random;
    std::unique_ptr<Replica> replica;
    ChangeSet held;
    std::vector<ConflictId> reported;
    std::uint64_t latest_us = 0;  ///< the latest that its clock ever showed
    Sequence written = 0;
    bool relaid = false;
  };
  struct Told {
    std::string what;
    std::size_t site = 0;
    std::size_t number = 0;
  };

  void tell(std::string_view what, std::size_t site, std::size_t number);
  void fail(const std::string& what);
  void expect(bool holds, std::string_view what);
  bool deleted(const Site& site, std::size_t row) const;
  std::size_t head_count(const Site& site, std::size_t row) const;
  std::string payload_of(Act act) const;

  bool put_or_erase(Site& site, std::size_t row, Act act);
  void expect_refusal(Site& site, std::size_t row, Act act);
  bool resolve(Site& site, std::size_t row, Act act);
  void expect_no_resolving(Site& site, const ConflictId& id);
  /// Takes a successful write into the graph. `visible_before`: of the row.
  void written(Site& site, std::size_t row, const WriteResult& result, Operation operation);
  void check_date(const Site& site, HybridTime time);
  void deliver(Site& site, const std::vector<std::size_t>& changes, Batching batching);
  void integrate_at(Site& site, const std::vector<std::size_t>& changes);
  /// The end of the transaction that begins at `begin`, or of the one change there.
  std::size_t unit_end(const std::vector<std::size_t>& changes, std::size_t begin) const;
  IntegrateResult predict(Site& site, const std::vector<std::size_t>& changes);
  void compare(const IntegrateResult& result, const IntegrateResult& expected);
  void check_filed(const Site& site, std::size_t index, Verdict verdict, Lsn winner_before);

  Setup setup_;
  Graph graph_;
  std::vector<Site> sites_;
  std::vector<Told> story_;
  std::string failure_;
};

}  // namespace syncline::laws
