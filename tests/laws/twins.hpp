// Two copies of one history: in one of them a home appends stable markers, in the other it does
// not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "syncline/replica.hpp"

namespace syncline::laws {

/// Edges and a home, which relays and appends markers but writes no rows, so that dots are the same
/// with and without markers. Time goes on with every step and is the same everywhere, for the same
/// reason. Every edge may go on from its journal, take the home's snapshot, or pull from another
/// edge; the home's markers are true: they cover what all edges have acknowledged.
class Fleet {
 public:
  static constexpr std::size_t rows = 3;

  Fleet(std::size_t edges, const std::string& policy, bool with_markers);

  std::size_t size() const { return sites_.size(); }  ///< the home is the first
  Replica& replica(std::size_t site) { return *sites_[site].replica; }

  /// What was written, or the error's name.
  std::string write(std::size_t site, std::size_t row, bool erase, const std::string& data);
  /// Hands over, in log order, the first `limit` row changes that `to` lacks. Returns "" or what
  /// was refused.
  std::string deliver(std::size_t to, std::size_t from, std::size_t limit);
  /// The edge tells the home what it holds. It counts once the home holds all of that.
  void acknowledge(std::size_t site);
  void append_marker();
  void restart(std::size_t site);
  void merge(std::size_t site);
  /// A new edge, which registers and takes the home's snapshot.
  void join();
  /// Cuts the log off where all others hold what lies before; with `force`, where the home does,
  /// and the home's own anywhere. False if there was nothing to cut.
  bool trim(std::size_t site, bool force);
  /// True if `to` lacks what `from` has cut off, and so has to take a snapshot.
  bool lacks_trimmed(std::size_t to, std::size_t from);
  /// What the site shows: rows with their winners.
  std::string visible(std::size_t site);
  /// All conflicts by id, and which are open.
  std::string conflicts(std::size_t site);
  /// The rows' heads, tombstones included, and the marker.
  std::string heads(std::size_t site);
  /// True if there is a row of which nothing but deletes is remembered.
  bool remembers_deleted(std::size_t site);
  std::uint64_t marker(std::size_t site);

 private:
  struct Site {
    NodeId node;
    std::unique_ptr<SeededRandom> random;
    std::shared_ptr<MemoryJournal> journal;
    std::unique_ptr<Replica> replica;
    std::vector<VectorClock> told;  ///< acknowledgements that do not count so far
    VectorClock counted;
  };
  void add_site();
  void open(Site& site);
  void count_acknowledgements();
  void go_on() { clock_.advance_us(1000); }

  std::string policy_;
  bool with_markers_;
  ManualClock clock_;
  std::vector<Site> sites_;
};

}  // namespace syncline::laws
