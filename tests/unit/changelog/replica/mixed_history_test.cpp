// Everything that lays a log anew, mixed at random with writes, markers, trims and restarts.
#include <random>
#include <set>

#include "unit/changelog/replica/replica_fixture.hpp"
#include "unit/changelog/replica/replica_state.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

/// A replica that others exchange with through the first of them, the home.
struct Site {
  explicit Site(std::uint8_t number)
      : journal(std::make_shared<MemoryJournal>()), node(number, "lww", journal) {}
  std::shared_ptr<MemoryJournal> journal;
  Node node;
  std::vector<VectorClock> told;  ///< acknowledgements that do not count so far
  VectorClock counted;
};

class Mixture {
 public:
  Mixture(unsigned seed, bool trims) : random_(seed), trims_(trims) {
    for (std::uint8_t number = 1; number <= 4; ++number) {
      sites_.push_back(std::make_unique<Site>(number));
    }
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      act();
      if (step % 4 == 0) check_restart(*sites_[any(sites_.size())]);
    }
    settle();
  }

 private:
  std::size_t any(std::size_t count) { return random_() % count; }
  Site& home() { return *sites_[0]; }
  Site& edge() { return *sites_[1 + any(sites_.size() - 1)]; }

  void act() {
    for (const auto& site : sites_) site->node.clock.advance_us(1'000);
    switch (any(18)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return write(*sites_[any(sites_.size())]);
      case 5:
      case 6:
      case 7:
        return push(edge());
      case 8:
      case 9:
        return pull(edge());
      case 10:
        return acknowledge(edge());
      case 11:
        return mark();
      case 12:
        return trim(*sites_[any(sites_.size())]);
      case 13:
        return restamp(edge());
      case 14:
        return take_back(edge());
      case 15:
        return merge(edge());
      case 16:
        return rebase(edge());
      default:
        return any(2) == 0 ? drop_and_fetch(edge()) : restart(*sites_[any(sites_.size())]);
    }
  }

  void write(Site& site) {
    const char* const tables[] = {"t", "u"};
    std::vector<std::string> rows;
    for (int i = 0; i < 3; ++i) rows.push_back(std::to_string(any(5)));
    const std::string data = std::to_string(any(3));
    const char* const table = tables[any(2)];
    switch (any(4)) {
      case 0:
        (void)site.node->erase(table, rows[0]);  // perhaps there is none
        return;
      case 1: {
        const Write writes[] = {{WriteKind::put, "t", rows[0], Payload::json(data), {}},
                                {WriteKind::put, "u", rows[1], Payload::json(data), {}}};
        REQUIRE(site.node->transaction(writes));
        return;
      }
      default:
        REQUIRE(site.node->put(table, rows[0], Payload::json(data)));
    }
  }

  static void send_missing(Site& from, Site& to) {
    from.node->mark_sent(from.node->origin(from.node->node()).seq, to.node->log_id().to_string());
    const VectorClock held = to.node->summary();
    const LogReader reader = from.node->log();
    std::vector<std::string_view> records;
    for (Lsn lsn = reader.first_lsn(); lsn <= reader.last_lsn(); ++lsn) {
      const LogEntry entry = reader.at(lsn);
      if (!held.covers(entry.change.dot)) records.push_back(record_of(entry));
    }
    const IntegrateResult result = to.node->integrate(records);
    for (const Rejection& rejection : result.rejected) FAIL_CHECK(rejection.error.detail);
  }

  void push(Site& site) {
    send_missing(site, home());
    count();
  }
  /// From the log, if that goes back far enough, else by a snapshot.
  void pull(Site& site) {
    const LogReader reader = home().node->log();
    const VectorClock before = reader.clock_at(reader.first_lsn() - 1);
    if (!site.node->summary().covers(before)) return merge(site);
    send_missing(home(), site);
    count();
  }
  void acknowledge(Site& site) {
    site.told.push_back(site.node->summary());
    count();
  }
  void count() {
    const VectorClock held = home().node->summary();
    for (const auto& site : sites_) {
      std::erase_if(site->told, [&](const VectorClock& clock) {
        if (!held.covers(clock)) return false;
        site->counted.merge(clock);
        return true;
      });
    }
  }
  void mark() {
    VectorClock stable = home().node->summary();
    for (std::size_t i = 1; i < sites_.size(); ++i) {
      VectorClock least;
      for (const VectorClock::Entry& entry : stable.entries()) {
        least.set(entry.node, std::min(entry.seq, sites_[i]->counted.get(entry.node)));
      }
      stable = least;
    }
    (void)home().node->append_stable_marker(stable);  // perhaps nothing is new
  }
  /// What others lack stays: they might have no report of what they would take by a snapshot.
  void trim(Site& site) {
    if (!trims_) return;
    Lsn before = site.node->log().last_lsn() + 1;
    for (const auto& other : sites_) {
      before = std::min(before, site.node->first_lsn_not_covered(other->node->summary()));
    }
    REQUIRE(site.node->trim(before));
  }
  void restamp(Site& site) {
    // Where nothing is private the clock is set back in memory only.
    if (site.node->private_from() > site.node->origin(site.node->node()).seq) return;
    if (any(2) == 0) site.node.clock.set_us(home().node.clock.now_us() - any(5'000));
    REQUIRE(site.node->restamp_private());
  }
  void take_back(Site& site) {
    const Sequence first = site.node->private_from();
    const Sequence last = site.node->origin(site.node->node()).seq;
    if (first > last) return;
    const Dot dot{site.node->node(), first + any(last - first + 1)};
    const Rejection rejections[] = {{dot, 0, Error{ErrorCode::too_large, "more than is taken"}}};
    REQUIRE(site.node->void_private(rejections));
  }
  void merge(Site& site) { REQUIRE(site.node->merge(home().node->snapshot())); }
  /// As one of whose undelivered changes it is known that somebody else has others.
  void rebase(Site& site) {
    RebaseOptions options;
    if (any(3) == 0) {
      options.contested[site.node->node()] = home().node->summary().get(site.node->node());
    }
    REQUIRE(site.node->rebase(home().node->snapshot(), {}, options));
  }
  void drop_and_fetch(Site& site) {
    const std::vector<std::string> dropped{"u"};
    // Up to date, so that no change of the tables comes before what its origin wrote earlier.
    pull(site);
    const VectorClock delivered = home().node->summary();
    if (!delivered.covers(site.node->summary())) return;
    REQUIRE(site.node->drop_tables(dropped, delivered));
    check_restart(site);
    REQUIRE(site.node->merge(home().node->snapshot(dropped), dropped));
    pull(site);
  }

  static void check_restart(const Site& site) {
    Replica::Options options;
    options.journal = site.journal->copy();
    const auto reopened = Replica::open(std::move(options)).value();
    REQUIRE(kept_state(*reopened) == kept_state(*site.node));
  }
  static void restart(Site& site) {
    Replica::Options options;
    options.clock = &site.node.clock;
    options.random = &site.node.random;
    options.journal = site.journal;
    site.node.replica.reset();
    site.node.replica = Replica::open(std::move(options)).value();
    const Sequence written = site.node->origin(site.node->node()).seq;
    CHECK(site.node->private_from() == written + 1);
  }

  /// What has to be the same after a restart. Of chains only the ends: a log that was laid anew may
  /// lack changes, and then what lies between is known until a restart only.
  static std::string kept_state(const Replica& replica) {
    std::ostringstream out;
    const LogReader reader = replica.log();
    out << replica.node().to_string() << ' ' << replica.log_id().to_string() << ' '
        << reader.first_lsn() << ' ' << reader.last_lsn() << '\n'
        << visible_state(replica) << log_state(replica, 1);
    for (const auto& [name, value] : replica.properties("")) out << name << '=' << value << '\n';
    if (const auto marker = replica.stable_marker()) {
      out << marker->number << ' ' << to_string(marker->dot) << ' ' << marker->vector.size();
    }
    return out.str();
  }

  /// Rows with all heads, and conflicts as far as they are the same everywhere.
  std::string common_state(const Node& node) const {
    std::ostringstream out;
    for (const std::string& table : node->tables()) {
      ScanOptions all;
      all.include_deleted = true;
      const RowPage page = node->scan(table, all);
      for (const Row& row : page.rows) {
        out << table << ' ' << row.winner->row_id << ' ' << text_of(row.winner->to_change());
        for (const ChangeView& sibling : row.siblings) out << " | " << to_string(sibling.dot);
        out << '\n';
      }
    }
    std::set<std::string> lines;
    const ConflictPage page = node->conflicts();
    for (const ConflictReport& report : page.conflicts) {
      lines.insert(to_string(report.id) + " " + std::string(to_string(report.status)) + " " +
                   (report.winner_dot ? to_string(*report.winner_dot) : "-") + "\n");
    }
    // What is dropped is not there for conflicts with changes that had not seen it.
    for (const std::string& line : lines) out << (trims_ ? "" : line);
    const VectorClock summary = node->summary();
    for (const VectorClock::Entry& entry : summary.entries()) {
      if (entry.seq != 0) out << to_string(Dot{entry.node, entry.seq}) << '\n';
    }
    out << (node->stable_marker() ? node->stable_marker()->number : 0) << '\n';
    return out.str();
  }

  void settle() {
    for (std::size_t i = 1; i < sites_.size(); ++i) push(*sites_[i]);
    for (std::size_t i = 1; i < sites_.size(); ++i) {
      pull(*sites_[i]);
      check_restart(*sites_[i]);
      CHECK(sites_[i]->node->visible_checksum() == home().node->visible_checksum());
      CHECK(common_state(sites_[i]->node) == common_state(home().node));
    }
    check_restart(home());
  }

  std::mt19937 random_;
  bool trims_;
  std::vector<std::unique_ptr<Site>> sites_;
};

}  // namespace

TEST_CASE("replicas agree, and come back as they were, whatever laid their logs anew") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Mixture(seed, seed % 2 == 0).run(80);
  }
}
