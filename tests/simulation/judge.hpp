// What must hold of all replicas of one tenant, whatever happens to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/replica.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::sim {

/// The first thing that was not as it has to be.
struct Violation {
  std::string invariant;  ///< a name from `invariants()`
  std::string what;       ///< site, row, dots, what was expected and what was found
};

/// How a site's replica ended.
enum class Departure : std::uint8_t {
  stopped,   ///< cleanly: everything that was written is on the disk
  crashed,   ///< what was not synced may be lost
  wiped,     ///< the disk is gone, and with it what nobody else had
  put_back,  ///< its disk is an older copy from now on, of itself or of another site
};

/// Knows the truth about one tenant: an explicit graph of all changes and of who saw which others,
/// which compares no clocks. Everything is checked against it as it happens; the first violation is
/// kept, and from then on nothing is checked any more. Not thread-safe.
class Judge {
 public:
  struct Options {
    std::string tenant = "default";
    /// A write that succeeded is durable (the journals wait for the disk).
    bool durable_writes = true;
  };

  /// A place where replicas of the tenant run, one at a time.
  struct SiteOptions {
    std::string name;
    /// Others ask it.
    bool serves = false;
    /// All that is pushed to it comes from its writers: so its times are bounded by its clock.
    bool server = false;
    /// Only these tables are held; empty: all.
    std::vector<std::string> tables;
  };

  explicit Judge(Options options);
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  std::size_t add_site(SiteOptions options);
  /// Another choice of tables, taken up by the site's next round.
  void choose_tables(std::size_t site, std::vector<std::string> tables);

  /// The site's disk is a copy of the other one's.
  void begins_as_copy(std::size_t site, std::size_t original);
  /// A replica runs there (again). It has to live until `detach`.
  void attach(std::size_t site, Replica& replica);
  /// The site's replica may hold so many bytes of records from now on, or those that it holds if
  /// these are more. 0: any number. Ends with `detach`.
  void limit(std::size_t site, std::uint64_t bytes);
  /// To be called while the replica still is.
  void detach(std::size_t site, Departure how);

  /// A user's write at `site` was acknowledged.
  void wrote(std::size_t site, const Dot& dot);
  void wrote(std::size_t site, std::span<const WriteResult> results);
  /// A user's write failed without saying whether it was done (`unavailable`).
  void wrote_perhaps(std::size_t site);
  /// To be called after each step, for each site that it touched.
  void observe(std::size_t site);
  /// What a round of `site` with `server` told its caller. `whole`: not only a snapshot.
  void told(std::size_t site, std::size_t server, const SyncReport& report, bool whole = true);
  /// The app took a change off the list of those that were taken back.
  void discarded(std::size_t site, const Dot& dot);

  /// All are well and have exchanged as often as it takes: now everything has to be equal.
  void at_rest();

  /// Reports what the caller found by itself, under the name of an invariant.
  void report(std::string_view invariant, std::string what);
  const std::optional<Violation>& violation() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One of the things that must hold.
struct Invariant {
  std::string_view name;
  std::string_view meaning;
  std::string_view checked;  ///< when
};
std::span<const Invariant> invariants();

}  // namespace syncline::sim
