// Stable markers change nothing that anybody can see: the same history with and without them.
//
// SYNCLINE_SEED=<n> replays the history with that seed alone; SYNCLINE_RUNS=<n> sets how many there
// are.
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "laws/twins.hpp"

namespace syncline::laws {
namespace {

#if defined(NDEBUG)
constexpr std::uint64_t default_runs = 3000;
#else
constexpr std::uint64_t default_runs = 400;
#endif
constexpr std::size_t most_actions = 60;
constexpr std::size_t most_sites = 6;
constexpr std::size_t everything = 1'000'000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// One history, carried out on both twins at once.
class TwinRun {
 public:
  explicit TwinRun(std::uint64_t seed)
      : random_(seed),
        edges_(2 + pick(2)),
        policy_(pick(2) == 0 ? "lww" : "causal"),
        with_(edges_, policy_, true),
        without_(edges_, policy_, false) {}

  void run() {
    const std::size_t actions = 10 + pick(most_actions);
    for (std::size_t i = 0; i < actions && failure_.empty(); ++i) act();
    end();
  }

  const std::string& failure() const { return failure_; }
  const std::string& story() const { return story_; }
  std::uint64_t markers() { return with_.marker(0); }
  std::size_t forgotten() const { return forgotten_; }

 private:
  std::size_t pick(std::size_t below) { return static_cast<std::size_t>(random_() % below); }
  std::size_t any_edge() { return 1 + pick(with_.size() - 1); }

  void act() {
    const std::size_t what = pick(100);
    if (what < 35) return write();
    if (what < 50) return exchange(any_edge(), 0, 1 + pick(4));
    if (what < 62) return round(any_edge());
    if (what < 68) return exchange(any_edge(), any_edge(), 1 + pick(4));
    if (what < 79) return acknowledge(any_edge());
    if (what < 88) return mark();
    if (what < 91) return restart(pick(with_.size()));
    if (what < 93) return merge(any_edge());
    if (what < 99) return trim(pick(with_.size()));
    if (with_.size() < most_sites) join();
  }

  void tell(const std::string& what) { story_ += what + "\n"; }
  void same(const std::string& what, const std::string& left, const std::string& right) {
    if (failure_.empty() && left != right) {
      failure_ = what + "\nwith markers:    " + left + "\nwithout markers: " + right;
    }
  }
  void compare(std::size_t site) {
    same("rows of " + std::to_string(site), with_.visible(site), without_.visible(site));
    same("conflicts of " + std::to_string(site), with_.conflicts(site), without_.conflicts(site));
  }

  void write() {
    const std::size_t site = any_edge();
    const std::size_t row = pick(Fleet::rows);
    const bool erase = pick(5) < 2;
    const std::string data = "v" + std::to_string(++values_);
    const std::string one = with_.write(site, row, erase, data);
    tell("write at " + std::to_string(site) + " row " + std::to_string(row) + ": " + one);
    same("what a write gave", one, without_.write(site, row, erase, data));
    compare(site);
  }
  void deliver(std::size_t to, std::size_t from, std::size_t limit) {
    if (with_.lacks_trimmed(to,
                            from)) {  // then a snapshot takes its place; only the home gives one
      if (from == 0) merge(to);
      return;
    }
    tell("to " + std::to_string(to) + " from " + std::to_string(from) + " " +
         std::to_string(limit));
    same("a delivery with markers", with_.deliver(to, from, limit), "");
    same("a delivery without markers", without_.deliver(to, from, limit), "");
    compare(to);
  }
  void exchange(std::size_t one, std::size_t other, std::size_t limit) {
    if (one == other) return;
    if (pick(3) != 0) deliver(other, one, limit);
    if (pick(3) != 0) deliver(one, other, limit);
  }
  /// As a session goes: push, pull, acknowledge.
  void round(std::size_t site) {
    deliver(0, site, everything);
    deliver(site, 0, everything);
    acknowledge(site);
  }
  void acknowledge(std::size_t site) {
    tell("acknowledged by " + std::to_string(site));
    with_.acknowledge(site);
    without_.acknowledge(site);
  }
  void mark() {
    with_.append_marker();
    without_.append_marker();
    tell("marker " + std::to_string(with_.marker(0)));
    compare(0);
  }
  void restart(std::size_t site) {
    tell("restart " + std::to_string(site));
    const std::string before = with_.heads(site);
    with_.restart(site);
    without_.restart(site);
    same("heads before and after a restart", with_.heads(site), before);
    compare(site);
  }
  void merge(std::size_t site) {
    tell("snapshot to " + std::to_string(site));
    with_.merge(site);
    without_.merge(site);
    compare(site);
  }
  void trim(std::size_t site) {
    tell("trim " + std::to_string(site));
    const std::string before = with_.heads(site);
    // Before the first marker a replica cannot tell what somebody may still not have seen.
    if (with_.marker(site) == 0) return;
    with_.trim(site, pick(2) == 0);
    same("heads before and after a trim", with_.heads(site), before);
    compare(site);
  }
  void join() {
    tell("join " + std::to_string(with_.size()));
    with_.join();
    without_.join();
    compare(with_.size() - 1);
  }

  /// Everybody gets everything, and then all is alike.
  void end() {
    for (int round = 0; round < 2 && failure_.empty(); ++round) {
      for (std::size_t site = 1; site < with_.size(); ++site) {
        deliver(0, site, everything);
        deliver(site, 0, everything);
      }
    }
    for (std::size_t site = 1; site < with_.size() && failure_.empty(); ++site) {
      deliver(site, 0, everything);
      acknowledge(site);
    }
    check_alike();
    mark();
    for (std::size_t site = 1; site < with_.size() && failure_.empty(); ++site) {
      deliver(site, 0, everything);
    }
    check_alike();
    // With everything stable no deleted row is remembered.
    if (failure_.empty() && with_.remembers_deleted(0)) {
      failure_ = "deleted rows at the end: " + with_.heads(0);
    }
    if (without_.remembers_deleted(0)) ++forgotten_;
  }
  void check_alike() {
    for (std::size_t site = 1; site < with_.size(); ++site) {
      if (!failure_.empty()) return;
      const std::string who = std::to_string(site) + " and of the home";
      if (with_.marker(site) != with_.marker(0)) failure_ = "markers of " + who;
      same("heads of " + who, with_.heads(site), with_.heads(0));
      same("conflicts of " + who, with_.conflicts(site), with_.conflicts(0));
    }
  }

  std::mt19937_64 random_;
  std::size_t edges_;
  std::string policy_;
  Fleet with_;
  Fleet without_;
  std::size_t values_ = 0;
  std::size_t forgotten_ = 0;
  std::string failure_;
  std::string story_;
};

TEST_CASE("stability: the same histories with and without markers show the same") {
  const std::uint64_t only = from_environment("SYNCLINE_SEED", 0);
  const std::uint64_t runs = from_environment("SYNCLINE_RUNS", default_runs);
  std::uint64_t markers = 0;
  std::size_t forgotten = 0;
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= (only != 0 ? only : runs); ++seed) {
    TwinRun run(seed);
    run.run();
    markers += run.markers();
    forgotten += run.forgotten();
    if (run.failure().empty()) continue;
    INFO("SYNCLINE_SEED=" << seed);
    INFO(run.story());
    FAIL(run.failure());
  }
  MESSAGE("markers: ", markers, ", histories in which rows were forgotten: ", forgotten);
  if (only == 0) CHECK(markers > runs);
}

}  // namespace
}  // namespace syncline::laws
