// Who keeps a log from being cut off: peers, readers of snapshots, named consumers.

#include "support/caller.hpp"
#include "sync/retention.hpp"
#include "sync/standing.hpp"

namespace syncline::test {
namespace {

// More than two leaves of the log, which are the least that a trim without a journal frees.
constexpr std::size_t many = 9000;

struct LongWorld : SyncWorld {
  LongWorld() {
    for (std::size_t i = 0; i < many; ++i) {
      REQUIRE(server().put("t", std::to_string(i % 20), Payload::json(std::to_string(i))));
    }
  }
  std::shared_ptr<TenantExchange> exchange = hub.exchange_of(tenant);
  Result<TrimResult> trim(Lsn before, bool force = false) {
    return trim_log(*tenant, *exchange, before, force, clock.now_us());
  }
  SnapshotResponse page(std::string from = "") {
    SnapshotRequest request;
    request.page = std::move(from);
    request.limit = 5;
    auto page = hub.snapshot_page(tenant, request);
    REQUIRE(page);
    return *page;
  }
};

}  // namespace

TEST_CASE_FIXTURE(LongWorld, "a snapshot's place is held while its pages are read") {
  SnapshotResponse first = page();
  for (std::size_t i = 0; i < many; ++i) {
    REQUIRE(server().put("t", std::to_string(i % 20), Payload::json(std::to_string(i))));
  }
  const auto refused = trim(many + 5000);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::precondition_failed);
  CHECK(refused.error().number("needed_lsn") == many + 1);
  CHECK(refused.error().detail.find("snapshot") != std::string::npos);
  CHECK(trim(many + 1).value().first_lsn > 1);
  // One reader is one, however many pages it reads, and it stays as long as it goes on.
  for (int i = 0; i < 3; ++i) {
    clock.advance_us(50'000'000);
    first = page(first.next_page);
    CHECK(exchange->readers.list(clock.now_us()).size() == 1);
  }
  CHECK(trim(many + 5000).has_error());
  clock.advance_us(snapshot_hold_us + 1);
  CHECK(exchange->readers.list(clock.now_us()).empty());
  CHECK(trim(many + 5000).value().first_lsn > many + 1);
  SnapshotRequest next;
  next.page = first.next_page;
  CHECK(hub.snapshot_page(tenant, next).error().code == ErrorCode::log_reset);
}

TEST_CASE_FIXTURE(LongWorld, "retention waits for a snapshot that is being read") {
  TenantSettings settings = tenant->settings();
  settings.retention.max_changes = 10;
  REQUIRE(tenants.set_settings("default", settings));
  static_cast<void>(page());
  for (std::size_t i = 0; i < many; ++i) {
    REQUIRE(server().put("t", std::to_string(i % 20), Payload::json(std::to_string(i))));
  }
  REQUIRE(enforce_retention(*tenant, *exchange, clock.now_us()));
  CHECK(server().log().first_lsn() <= many + 1);
  clock.advance_us(snapshot_hold_us + 1);
  REQUIRE(enforce_retention(*tenant, *exchange, clock.now_us()));
  CHECK(server().log().first_lsn() > many + 1);
}

TEST_CASE_FIXTURE(LongWorld, "before the first marker, a trim keeps what a change may part from") {
  REQUIRE(server().put("t", "parted", Payload::json("1")));
  Edge phone = edge();
  phone.sync();
  phone.sync();
  REQUIRE(phone.replica->put("t", "parted", Payload::json("2")));
  const auto parted = server().put("t", "parted", Payload::json("3"));
  REQUIRE(parted);
  REQUIRE(server().put("t", "parted", Payload::json("4")));
  for (std::size_t i = 0; i < many; ++i) {
    REQUIRE(server().put("t", std::to_string(i % 20), Payload::json(std::to_string(i))));
  }
  // It says that it holds all this, and its own write, which has not come yet.
  VectorClock said = server().summary();
  said.merge(phone.replica->summary());
  exchange->peers.acknowledge(phone.replica->node(), {said, said}, server().summary());
  TenantSettings settings = tenant->settings();
  settings.retention.max_changes = 10;
  REQUIRE(tenants.set_settings("default", settings));
  clock.advance_us(snapshot_hold_us + 1);  // what the phone began with holds nothing any more
  REQUIRE(stable_state(server()).number == 0);
  REQUIRE(enforce_retention(*tenant, *exchange, clock.now_us()));
  CHECK(server().log().first_lsn() <= many + 2);
  const auto by_hand = trim_log(*tenant, *exchange, many + 3, false, clock.now_us());
  REQUIRE(by_hand.has_error());
  CHECK(by_hand.error().code == ErrorCode::precondition_failed);

  const LogReader log = phone.replica->log();
  const auto bytes = log.at(log.last_lsn()).change.record;
  const std::string record(bytes.begin(), bytes.end());
  const std::string_view records[] = {record};
  REQUIRE(server().integrate(records).rejected.empty());
  const ConflictPage conflicts = server().conflicts();
  REQUIRE(conflicts.conflicts.size() == 1);
  CHECK(conflicts.conflicts.front().parted_local.dot == parted->dot);

  exchange->peers.count_pending(server().summary());
  REQUIRE(enforce_retention(*tenant, *exchange, clock.now_us()));
  CHECK(server().log().first_lsn() > many + 2);
}

TEST_CASE_FIXTURE(LongWorld, "a refusal names all who need the log; by force they are stale") {
  Edge phone = edge();
  phone.sync();
  phone.sync();
  const LogId log = server().log_id();
  REQUIRE(exchange->consumers.note("search", log, 100, clock.now_us()));
  REQUIRE(exchange->consumers.note("audit", log, 8999, clock.now_us()));
  Caller silent(*this);
  silent.enter();
  const auto refused = trim(many);
  REQUIRE(refused.has_error());
  CHECK(refused.error().number("needed_lsn") == 1);
  CHECK(refused.error().detail.find("search") != std::string::npos);
  CHECK(refused.error().detail.find(silent.id().to_string()) != std::string::npos);
  CHECK(refused.error().detail.find("audit") == std::string::npos);
  CHECK(refused.error().detail.find(phone.replica->node().to_string()) == std::string::npos);
  const auto state = [&](const NodeId& node) {
    return state_of(*exchange->peers.find(node), *tenant, exchange->peers, clock.now_us());
  };
  CHECK(state(silent.id()) == PeerState::live);

  REQUIRE(trim(many, true));
  CHECK(state(silent.id()) == PeerState::stale);
  CHECK(state(phone.replica->node()) == PeerState::live);
  CHECK(is_stale(*exchange->consumers.find("search"), *tenant, clock.now_us()));
  CHECK_FALSE(is_stale(*exchange->consumers.find("audit"), *tenant, clock.now_us()));
  // It holds nothing back any more, and recovers by itself.
  CHECK(log_holders(*tenant, *exchange, clock.now_us()).front().needed == many);
  silent.edge.sync();
  silent.edge.sync();
  CHECK(state(silent.id()) == PeerState::live);
  CHECK(silent.edge.replica->visible_checksum() == server().visible_checksum());
}

TEST_CASE_FIXTURE(LongWorld, "a consumer that is silent or too far behind holds nothing") {
  const LogId log = server().log_id();
  Consumers& consumers = exchange->consumers;
  REQUIRE(consumers.note("search", log, 100, clock.now_us()));
  const auto stale = [&] { return is_stale(*consumers.find("search"), *tenant, clock.now_us()); };
  CHECK_FALSE(stale());
  TenantSettings settings = tenant->settings();
  settings.consumer_max_lag = many - 101;
  REQUIRE(tenants.set_settings("default", settings));
  CHECK(stale());
  settings.consumer_max_lag = many - 100;
  settings.lease_s = 60;
  REQUIRE(tenants.set_settings("default", settings));
  CHECK_FALSE(stale());
  clock.advance_us(60'000'000);
  CHECK_FALSE(stale());
  clock.advance_us(1);
  CHECK(stale());
  REQUIRE(consumers.note("search", log, 100, clock.now_us()));
  CHECK_FALSE(stale());
  REQUIRE(server().reidentify());
  CHECK(stale());
}

TEST_CASE_FIXTURE(LongWorld, "an edge keeps its server's retention, and all that is not stable") {
  TenantSettings settings = tenant->settings();
  settings.retention.max_changes = 10;
  REQUIRE(tenants.set_settings("default", settings));
  Edge edge = this->edge();
  edge.sync();
  edge.sync();
  CHECK(retention_of(*edge.replica) == settings.retention);
  CHECK(home_of(*edge.replica) == server().node());
  const auto enforce = [&] {
    const Retention retention = retention_of(*edge.replica);
    REQUIRE(enforce_edge_retention(*edge.replica, retention, clock.now_us()));
    return edge.replica->log().first_lsn();
  };
  CHECK(enforce() == 1);
  clock.advance_us(60'000'000);
  hub.maintain(tenant);
  edge.sync();
  REQUIRE(stable_state(*edge.replica).number == 1);
  const VisibleChecksum before = edge.replica->visible_checksum();
  CHECK(enforce() > 4000);
  CHECK(edge.replica->visible_checksum() == before);
  settings.retention = {};
  REQUIRE(tenants.set_settings("default", settings));
  edge.sync();
  CHECK(retention_of(*edge.replica).keeps_all());
}

TEST_CASE("consumers are kept, never ahead of where they are, and bounded") {
  const auto replica = Replica::open({});
  REQUIRE(replica);
  const LogId log = (*replica)->log_id();
  Consumers consumers(**replica);
  for (const char* name : {"", "a b", "a/b", "\xc3\xa4"}) {
    CHECK(consumers.note(name, log, 1, 1).error().code == ErrorCode::bad_request);
  }
  CHECK(consumers.note(std::string(64, 'a'), log, 1, 1).has_error());
  REQUIRE(consumers.note("search-1.0_X", log, 5, 1'000'000));
  const auto kept = [&] { return Consumers(**replica).find("search-1.0_X")->lsn; };
  CHECK(kept() == 5);
  REQUIRE(consumers.note("search-1.0_X", log, 7, 1'999'999));
  CHECK(kept() == 5);
  REQUIRE(consumers.note("search-1.0_X", log, 8, 2'000'000));
  CHECK(kept() == 8);
  REQUIRE(consumers.note("search-1.0_X", log, 9, 2'000'001));
  consumers.keep();
  CHECK(kept() == 9);
  REQUIRE(consumers.note("search-1.0_X", log, 2, 2'000'002));
  CHECK(kept() == 2);
  for (std::size_t i = 1; i < limits::max_consumers; ++i) {
    REQUIRE(consumers.note(std::to_string(i), log, 1, 1));
  }
  CHECK(consumers.note("more", log, 1, 1).error().code == ErrorCode::quota_exceeded);
  REQUIRE(consumers.forget("1"));
  CHECK(consumers.forget("1").error().code == ErrorCode::not_found);
  CHECK(consumers.note("more", log, 1, 1));
  CHECK(Consumers(**replica).list().size() == limits::max_consumers);
}

}  // namespace syncline::test
