// What becomes of deleted rows over real connections: forgotten once everybody knows, and never
// before, whoever is away, comes late or was left behind.
#include "integration/data_directory.hpp"
#include "integration/faulty_world.hpp"
#include "integration/live_device.hpp"
#include "sync/stable_state.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;
using cli_test::Run;
using nlohmann::json;

constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t minute_us = 60 * second_us;
constexpr std::uint64_t lease_s = 3600;

/// A server that says what is stable after every second of a clock that the test moves, and
/// replicas on the same clock.
struct StableWorld {
  StableWorld() {
    server.add_tenant("acme");
    TenantSettings settings;
    settings.lease_s = lease_s;
    REQUIRE(server.tenants().set_settings("acme", settings));
  }

  Server::Options server_options() {
    Server::Options options;
    options.clock = &clock;
    options.maintenance_interval = 5ms;
    options.marker_interval = 1s;
    return options;
  }
  TenantManager::Options tenant_options() {
    TenantManager::Options options;
    options.clock = &clock;
    return options;
  }
  std::unique_ptr<Participant> participant() {
    return std::make_unique<Participant>("acme", server.server().url(), 5000, &clock);
  }
  /// Another one after `lose_everything`.
  Replica& cloud() { return (*server.tenants().get("acme"))->replica(); }
  /// The server begins anew under the same name and address.
  void lose_everything() {
    REQUIRE(server.tenants().remove("acme"));
    server.add_tenant("acme");
  }
  std::size_t forgotten_by(std::initializer_list<Participant*> those) {
    std::size_t count = cloud().statistics().tombstones == 0 ? 1 : 0;
    for (Participant* each : those) {
      count += each->replica().statistics().tombstones == 0 ? 1 : 0;
    }
    return count;
  }
  /// Rounds of these, each some seconds after the other.
  void rounds(std::initializer_list<Participant*> those, int count = 4) {
    for (int i = 0; i < count; ++i) {
      clock.advance_us(2 * second_us);
      for (Participant* each : those) each->sync();
    }
  }
  /// Rounds of these, until nobody of them, nor the server, knows of a deleted row.
  bool forget(std::initializer_list<Participant*> those) {
    return comes_true([&] {
      rounds(those, 1);
      return forgotten_by(those) == those.size() + 1;
    });
  }
  void check_same_rows(std::initializer_list<Participant*> those) {
    for (int i = 0; i < 3; ++i) {
      for (Participant* each : those) each->sync();  // a marker comes after what it rests on
    }
    for (Participant* each : those) {
      CHECK(each->replica().visible_checksum() == cloud().visible_checksum());
      CHECK(each->replica().summary() == cloud().summary());
      CHECK(conflict_names(each->replica()) == conflict_names(cloud()));
      CHECK(each->halves() == 0);
    }
  }
  std::string text(Replica& replica, const std::string& row) {
    const Row found = replica.get("t", row);
    return found.exists() ? std::string(found.winner->data) : "(none)";
  }
  Run command(const std::vector<std::string>& words) {
    return cli_test::run(words, {},
                         {"SYNCLINE_SERVER=" + server.server().url(), "SYNCLINE_TENANT=acme"});
  }
  std::string state_of(const NodeId& node) {
    const Run shown = command({"peers", "show", node.to_string(), "--json"});
    return shown.status == 0 ? json::parse(shown.out)["state"].get<std::string>() : "unknown";
  }

  ManualClock clock{system_clock().now_us()};
  TestServer server{server_options(), tenant_options()};
  std::unique_ptr<Participant> one = participant();
  std::unique_ptr<Participant> two = participant();
  std::unique_ptr<Participant> three = participant();
};

}  // namespace

TEST_SUITE("what is stable, over HTTP") {
  TEST_CASE_FIXTURE(StableWorld, "deleted rows are forgotten by all once all hold the deletion") {
    for (const char* row : {"stays", "gone", "again"}) one->put(row, "1");
    rounds({one.get(), two.get(), three.get()}, 2);
    REQUIRE(two->replica().erase("t", "gone"));
    REQUIRE(two->replica().erase("t", "again"));
    two->sync();
    // Not as long as one of them has not said so.
    rounds({one.get(), two.get()});
    CHECK(forgotten_by({one.get(), two.get()}) == 0);
    CHECK(forget({one.get(), two.get(), three.get()}));
    CHECK_FALSE(three->replica().get("t", "gone").winner);
    CHECK(cloud().statistics().rows == 1);
    check_same_rows({one.get(), two.get(), three.get()});
    // A row of that name is a new one.
    three->put("again", "2");
    rounds({three.get(), one.get(), two.get()}, 2);
    CHECK(text(one->replica(), "again") == "2");
    CHECK(cloud().conflict_statistics().total == 0);
    check_same_rows({one.get(), two.get(), three.get()});
  }

  TEST_CASE_FIXTURE(StableWorld,
                    "who is away for longer than its lease comes back with all that it wrote") {
    for (const char* row : {"stays", "gone", "edited"}) one->put(row, "1");
    rounds({one.get(), two.get(), three.get()});
    // The third one goes away and works on; the others delete.
    three->put("edited", "\"by the third\"");
    three->put("own", "\"by the third\"");
    three->put("stays", "\"by the third\"");
    clock.advance_us(minute_us);
    for (const char* row : {"gone", "edited"}) REQUIRE(two->replica().erase("t", row));
    rounds({two.get(), one.get()});
    CHECK(forgotten_by({one.get(), two.get()}) == 0);
    const NodeId before = three->replica().node();
    CHECK(state_of(before) == "live");
    for (int i = 0; i < 3; ++i) {
      clock.advance_us(25 * minute_us);
      rounds({one.get(), two.get()}, 1);
    }
    CHECK(comes_true([&] { return state_of(before) == "expired"; }));
    one->put("meanwhile", "1");
    CHECK(forget({one.get(), two.get()}));

    // It comes back by itself, under another id.
    CHECK(comes_true([&] { return three->client().sync().has_value(); }));
    CHECK(three->replica().node() != before);
    rounds({three.get(), one.get(), two.get()});
    for (Replica* each : {&cloud(), &one->replica(), &two->replica(), &three->replica()}) {
      CHECK(text(*each, "own") == "\"by the third\"");
      CHECK(text(*each, "stays") == "\"by the third\"");
      CHECK(text(*each, "meanwhile") == "1");
      CHECK(text(*each, "gone") == "(none)");
      // It was deleted later than it was edited.
      CHECK(text(*each, "edited") == "(none)");
    }
    check_same_rows({one.get(), two.get(), three.get()});
    CHECK(cloud().conflict_statistics().total == 1);
    CHECK(forget({one.get(), two.get(), three.get()}));
    CHECK(state_of(three->replica().node()) == "live");
  }

  TEST_CASE_FIXTURE(StableWorld,
                    "who wrote before it ever came in loses nothing, and brings none") {
    for (const char* row : {"stays", "gone"}) one->put(row, "1");
    rounds({one.get(), two.get(), three.get()});
    REQUIRE(one->replica().erase("t", "gone"));
    CHECK(forget({one.get(), two.get(), three.get()}));
    const auto late = participant();
    const NodeId before = late->replica().node();
    late->put("own", "\"late\"");
    late->put("stays", "\"late\"");
    write_pair(late->replica(), "t", "\"late\"");
    const SyncReport report = late->sync();
    REQUIRE(report.identity_changed);
    CHECK(report.identity_changed->before == before);
    rounds({late.get(), one.get(), two.get(), three.get()});
    for (Participant* each : {late.get(), one.get(), two.get(), three.get()}) {
      CHECK(text(each->replica(), "own") == "\"late\"");
      CHECK(text(each->replica(), pair_first) == "\"late\"");
      CHECK(text(each->replica(), "gone") == "(none)");
    }
    check_same_rows({late.get(), one.get(), two.get(), three.get()});
    CHECK(cloud().conflict_statistics().total == 1);
    CHECK(forget({late.get(), one.get(), two.get(), three.get()}));
  }

  TEST_CASE_FIXTURE(StableWorld, "who is cut off by a forced trim recovers by itself") {
    one->put("shared", "1");
    rounds({one.get(), two.get(), three.get()});
    // More than a leaf of the log, which is the least that goes.
    constexpr std::size_t many = 5000;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < many; ++i) names.push_back("r" + std::to_string(i % 50));
    std::vector<Write> writes;
    for (const std::string& name : names) {
      writes.push_back({WriteKind::put, "t", name, Payload::json("1"), {}});
    }
    REQUIRE(one->replica().write_batch(writes).written == many);
    REQUIRE(one->replica().erase("t", "r7"));
    three->put("shared", "\"three\"");
    three->put("own", "1");
    rounds({one.get(), two.get()}, 2);

    const NodeId id = three->replica().node();
    const std::string before = std::to_string(many);
    const Run refused = command({"log", "trim", "--before", before});
    CHECK(refused.status == 5);
    CHECK(cli_test::has(refused.err, id.to_string()));
    CHECK(cloud().log().first_lsn() == 1);
    const Run trimmed = command({"log", "trim", "--before", before, "--force", "--json"});
    REQUIRE_MESSAGE(trimmed.status == 0, trimmed.err);
    CHECK(json::parse(trimmed.out)["oldest_lsn"] > 1);
    CHECK(cloud().log().first_lsn() > 1);
    CHECK(state_of(id) == "stale");
    CHECK(state_of(one->replica().node()) == "live");

    CHECK(comes_true([&] { return three->client().sync().has_value(); }));
    rounds({three.get(), one.get(), two.get()});
    CHECK(state_of(three->replica().node()) == "live");
    for (Participant* each : {one.get(), two.get(), three.get()}) {
      CHECK(text(each->replica(), "own") == "1");
      CHECK(text(each->replica(), "shared") == "\"three\"");
      CHECK(text(each->replica(), "r7") == "(none)");
      CHECK(each->replica().visible_checksum() == cloud().visible_checksum());
      CHECK(conflict_names(each->replica()) == conflict_names(cloud()));
    }
  }

  TEST_CASE_FIXTURE(StableWorld, "a home that lost everything gets it back and goes on counting") {
    for (const char* row : {"stays", "gone", "kept"}) one->put(row, "1");
    rounds({one.get(), two.get(), three.get()});
    REQUIRE(one->replica().erase("t", "gone"));
    CHECK(forget({one.get(), two.get(), three.get()}));
    const std::uint64_t number = one->replica().stable_marker()->number;
    REQUIRE(number > 0);
    // Two of them write while it is gone; the third has not heard of the last deletion.
    REQUIRE(one->replica().erase("t", "kept"));
    one->sync();
    three->put("own", "1");
    two->put("stays", "\"two\"");
    lose_everything();
    const auto late = participant();
    late->put("late", "1");
    CHECK(comes_true([&] {
      clock.advance_us(2 * second_us);
      bool all = true;
      for (Participant* each : {two.get(), late.get(), three.get(), one.get()}) {
        all = each->client().sync().has_value() && all;
      }
      return all;
    }));
    rounds({one.get(), two.get(), three.get(), late.get()});
    check_same_rows({one.get(), two.get(), three.get(), late.get()});
    for (const char* row : {"own", "late"}) CHECK(text(cloud(), row) == "1");
    CHECK(text(cloud(), "stays") == "\"two\"");
    CHECK(text(cloud(), "kept") == "(none)");
    CHECK(text(cloud(), "gone") == "(none)");
    CHECK(forget({one.get(), two.get(), three.get(), late.get()}));
    CHECK(late->replica().stable_marker()->number > number);
  }
}

}  // namespace syncline::test
