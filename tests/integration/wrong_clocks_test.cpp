// Devices whose clocks are wrong, beside a real server whose clock is right.
#include "integration/data_directory.hpp"
#include "integration/faulty_world.hpp"

namespace syncline::test {
namespace {

using cli_test::DataServer;
using cli_test::parsed;
using cli_test::Scratch;
using nlohmann::json;

constexpr std::uint64_t hour_us = 3'600'000'000;
constexpr std::uint64_t year_us = 365 * 24 * hour_us;
/// What the tests themselves may take.
constexpr std::uint64_t slack_us = 60'000'000;

struct ClockWorld {
  const Scratch scratch;
  DataServer server{scratch / "server", {"--tenant", "shop", "--durability", "none"}};
  Participant right{"shop", server.url()};

  std::string on_server(const std::string& row) {
    return server.run({"get", "t", row, "--raw"}).out;
  }
  json peer(const NodeId& node) {
    return parsed(server.run({"peers", "show", node.to_string(), "--json"}));
  }
  void check_same(Participant& wrong) {
    for (int round = 0; round < 2; ++round) {
      wrong.sync();
      right.sync();
    }
    CHECK(wrong.replica().visible_checksum() == right.replica().visible_checksum());
    CHECK(wrong.replica().summary() == right.replica().summary());
    CHECK(conflict_names(wrong.replica()) == conflict_names(right.replica()));
    CHECK(wrong.halves() + right.halves() == 0);
    // Nobody's time was carried off.
    CHECK(right.replica().last_hlc().physical_us() < system_clock().now_us() + slack_us);
  }
};

/// Of the changes of one origin in its log, whether each is dated after the one before.
bool in_order(const Replica& replica, const NodeId& origin) {
  const LogReader log = replica.log();
  HybridTime last;
  Sequence seq = 0;
  for (Lsn lsn = 1; lsn <= log.last_lsn(); ++lsn) {
    const ChangeView change = log.at(lsn).change;
    if (change.dot.origin != origin) continue;
    if (change.dot.seq != seq + 1 || change.hlc <= last) return false;
    seq = change.dot.seq;
    last = change.hlc;
  }
  return seq > 0;
}

}  // namespace

TEST_SUITE("wrong clocks, over HTTP") {
  TEST_CASE("a clock that is ahead costs nobody a write, and is told") {
    for (const std::uint64_t ahead_us : {hour_us, year_us}) {
      CAPTURE(ahead_us);
      ClockWorld world;
      world.right.put("both", "\"right\"");
      world.right.put("theirs", "\"right\"");
      world.right.sync();
      ManualClock clock(system_clock().now_us() + ahead_us);
      Participant wrong("shop", world.server.url(), 5, &clock);
      wrong.sync();
      const std::string ids[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
      for (const std::string& id : ids) wrong.put(id, id);
      wrong.put("both", "\"first\"");
      wrong.put("both", "\"second\"");
      write_pair(wrong.replica(), "t", "\"wrong\"");
      const SyncReport report = wrong.sync();
      CHECK(report.rejected.empty());
      CHECK(report.restamped == 14);
      CHECK(report.clock_is_off);
      const auto off = static_cast<std::uint64_t>(report.clock_offset_us);
      CHECK(off > ahead_us - slack_us);
      CHECK(off < ahead_us + slack_us);
      CHECK(in_order(wrong.replica(), wrong.replica().node()));
      for (const std::string& id : ids) CHECK(world.on_server(id) == id);
      CHECK(world.on_server("both") == "\"second\"");
      CHECK(world.peer(wrong.replica().node())["skewed"] == true);
      CHECK(world.peer(world.right.replica().node())["skewed"] == false);

      // It keeps on working, and does not beat those who write later.
      world.right.sync();
      wrong.put("theirs", "\"wrong\"");
      wrong.sync();
      world.right.put("theirs", "\"later\"");
      world.right.sync();
      world.check_same(wrong);
      CHECK(world.on_server("theirs") == "\"later\"");
      world.server.stop();
    }
  }

  TEST_CASE("a clock that is behind writes after what it has seen, and is told") {
    ClockWorld world;
    world.right.put("seen", "\"right\"");
    world.right.put("unseen", "\"old\"");
    world.right.sync();
    ManualClock clock(system_clock().now_us() - hour_us);
    Participant wrong("shop", world.server.url(), 5000, &clock);
    const SyncReport first = wrong.sync();
    CHECK(first.clock_is_off);
    CHECK(first.clock_offset_us < 0);
    world.right.put("unseen", "\"new\"");
    world.right.sync();
    wrong.put("seen", "\"behind\"");
    wrong.put("unseen", "\"behind\"");
    wrong.put("own", "1");
    const SyncReport report = wrong.sync();
    CHECK(report.rejected.empty());
    CHECK(world.on_server("seen") == "\"behind\"");
    CHECK(world.on_server("own") == "1");
    CHECK(in_order(wrong.replica(), wrong.replica().node()));
    // What it did not see was written later; its own is in the report.
    CHECK(world.on_server("unseen") == "\"new\"");
    world.check_same(wrong);
    const ConflictPage page = wrong.replica().conflicts();
    REQUIRE(page.conflicts.size() == 1);
    CHECK(page.conflicts[0].row_id == "unseen");
    world.server.stop();
  }

  TEST_CASE("a clock that jumps back while its device works loses nothing and keeps the order") {
    ClockWorld world;
    ManualClock clock(system_clock().now_us());
    Participant wrong("shop", world.server.url(), 5000, &clock);
    int written = 0;
    const auto write_some = [&] {
      for (int i = 0; i < 5; ++i) wrong.put("mine", std::to_string(++written));
    };
    for (const std::int64_t jump_us :
         {std::int64_t{0}, -static_cast<std::int64_t>(hour_us),
          static_cast<std::int64_t>(2 * hour_us), -static_cast<std::int64_t>(year_us),
          static_cast<std::int64_t>(2 * year_us)}) {
      CAPTURE(jump_us);
      write_some();
      clock.set_us(
          static_cast<std::uint64_t>(static_cast<std::int64_t>(system_clock().now_us()) + jump_us));
      write_some();  // the jump is in the middle of what goes over
      const SyncReport report = wrong.sync();
      CHECK(report.rejected.empty());
      CHECK(report.clock_is_off == (jump_us != 0));
      CHECK(world.on_server("mine") == std::to_string(written));
      world.right.sync();
      world.right.put("theirs", std::to_string(written));
      world.right.sync();
    }
    clock.set_us(system_clock().now_us());
    write_some();
    world.check_same(wrong);
    CHECK(world.on_server("mine") == std::to_string(written));
    CHECK(world.on_server("theirs") == "50");
    CHECK(in_order(wrong.replica(), wrong.replica().node()));
    CHECK(wrong.replica().conflict_statistics().total == 0);
    CHECK(wrong.replica().history(wrong.replica().log(), "t", "mine", 1000).size() == 55);
    world.server.stop();
  }
}

}  // namespace syncline::test
