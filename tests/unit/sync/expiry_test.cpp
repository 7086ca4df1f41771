// Replicas that are away for too long, from the end of their lease to their return.

#include "sync/expiry.hpp"

#include "support/caller.hpp"
#include "sync/retention.hpp"
#include "sync/standing.hpp"

namespace syncline::test {
namespace {

constexpr std::uint64_t minute_us = 60'000'000;
constexpr std::uint64_t day_us = std::uint64_t{24} * 3600 * 1'000'000;

struct ExpiryWorld : SyncWorld {
  Edge tablet = edge();
  Edge phone = edge();

  std::shared_ptr<PeerTable> peers() { return hub.peers(tenant); }
  PeerState state(const Edge& edge) {
    return state_of(*peers()->find(edge.replica->node()), *tenant, *peers(), clock.now_us());
  }
  void maintain() { hub.maintain(tenant); }
  std::uint64_t marker() { return stable_state(server()).number; }
  /// Both hold all that there is, and have said so.
  void settle() {
    for (int i = 0; i < 2; ++i) {
      tablet.sync();
      phone.sync();
    }
  }
  /// The phone is silent until its lease is over; the tablet is not.
  void leave_phone_out() {
    clock.advance_us(60 * day_us);
    tablet.sync();
    clock.advance_us(31 * day_us);
    maintain();
  }
};

}  // namespace

TEST_CASE_FIXTURE(ExpiryWorld, "a lease that runs out is written to the log, and keeps out") {
  tablet.put("a", "1");
  settle();
  clock.advance_us(89 * day_us);
  maintain();
  CHECK(state(phone) == PeerState::live);
  tablet.sync();
  clock.advance_us(2 * day_us);
  maintain();
  CHECK(state(phone) == PeerState::expired);
  CHECK(state(tablet) == PeerState::live);
  const LogReader log = server().log();
  const ChangeView entry = log.at(log.last_lsn()).change;
  CHECK(entry.operation == Operation::void_);
  CHECK(entry.metadata().at("expired") == phone.replica->node().to_string());
  CHECK(peers()->find(phone.replica->node())->expired_by == entry.dot);
  // Once is enough.
  maintain();
  CHECK(server().log().last_lsn() == log.last_lsn());
  // Not all know it yet.
  const auto refused = phone.client->sync();
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().number("retry_after_s") == expired_retry_s);
}

TEST_CASE_FIXTURE(ExpiryWorld, "who was given up holds back what is stable until all know it") {
  tablet.put("a", "1");
  settle();
  clock.advance_us(minute_us);
  maintain();
  REQUIRE(marker() == 1);
  tablet.put("a", "2");
  leave_phone_out();
  tablet.sync();  // pulls the entry; says only with the next round that it holds it
  CHECK(marker() == 1);
  CHECK_FALSE(peers()->find(phone.replica->node())->released);
  clock.advance_us(minute_us);
  tablet.sync();
  maintain();
  CHECK(peers()->find(phone.replica->node())->released);
  CHECK(marker() == 2);
  CHECK(stable_state(server()).clock.get(tablet.replica->node()) == 2);
}

TEST_CASE_FIXTURE(ExpiryWorld, "who was given up comes back as another, with all that it wrote") {
  tablet.put("a", "1");
  tablet.put("gone", "1");
  settle();
  const NodeId before = phone.replica->node();
  phone.put("offline", "\"kept\"");
  phone.put("a", "\"from the phone\"");
  REQUIRE(tablet.replica->erase("t", "gone"));
  leave_phone_out();
  for (int i = 0; i < 3; ++i) tablet.sync();
  clock.advance_us(minute_us);
  maintain();
  REQUIRE(peers()->find(before)->released);

  const SyncReport report = phone.sync();
  REQUIRE(report.identity_changed);
  CHECK(report.identity_changed->before == before);
  CHECK(report.rewritten == 2);
  for (int i = 0; i < 2; ++i) {
    phone.sync();
    tablet.sync();
  }
  CHECK(server().get("t", "offline").exists());
  CHECK(tablet.replica->get("t", "offline").winner->data == "\"kept\"");
  CHECK_FALSE(server().get("t", "gone").exists());
  CHECK_FALSE(phone.replica->get("t", "gone").exists());
  CHECK(phone.replica->visible_checksum() == server().visible_checksum());
  CHECK(tablet.replica->visible_checksum() == server().visible_checksum());
  // Nobody asks for the old id any more; the new one is live.
  CHECK_FALSE(peers()->find(before));
  CHECK(state(phone) == PeerState::live);
}

TEST_CASE_FIXTURE(ExpiryWorld, "to forget a replica is to end its lease at once") {
  tablet.put("a", "1");
  settle();
  phone.put("late", "1");
  auto exchange = hub.exchange_of(tenant);
  const NodeId id = phone.replica->node();
  REQUIRE(give_up(*tenant, exchange->peers, exchange->expiries, id));
  CHECK(state(phone) == PeerState::expired);
  CHECK(phone.client->sync().error().code == ErrorCode::unavailable);
  tablet.sync();
  tablet.sync();
  REQUIRE(phone.sync().identity_changed);
  phone.sync();
  CHECK(server().get("t", "late").exists());
  CHECK(give_up(*tenant, exchange->peers, exchange->expiries, id).error().code ==
        ErrorCode::not_found);
}

TEST_CASE_FIXTURE(ExpiryWorld, "elsewhere than at the home a replica is only forgotten") {
  settle();
  TenantSettings settings = tenant->settings();
  settings.home.reset();
  REQUIRE(tenants.set_settings("default", settings));
  leave_phone_out();
  CHECK(state(phone) == PeerState::stale);  // nobody decides, so nobody is given up
  auto exchange = hub.exchange_of(tenant);
  const Lsn last = server().log().last_lsn();
  REQUIRE(give_up(*tenant, exchange->peers, exchange->expiries, phone.replica->node()));
  CHECK(server().log().last_lsn() == last);
  CHECK_FALSE(peers()->find(phone.replica->node()));
  CHECK_FALSE(phone.sync().identity_changed);
}

TEST_CASE_FIXTURE(ExpiryWorld, "who integrates the home's entry keeps that replica out as well") {
  phone.put("a", "1");
  settle();
  leave_phone_out();
  tablet.sync();
  // The tablet serves the tenant to others, as its server has set it.
  TenantSettings settings;
  settings.home = server().node();
  Tenant relay("default", tenant->plan(), settings, std::move(tablet.replica), 1);
  PeerTable known(relay.replica(), clock.now_us());
  ExpiryReader reader;
  RegisterRequest request;
  request.protocol = {1};
  request.node_id = phone.replica->node();
  reader.read(relay, known);
  CHECK(known.enter(request, clock.now_us()).error().code == ErrorCode::unavailable);
  // It does not hold anything back: it was never registered there.
  CHECK_FALSE(known.find(request.node_id)->counts());
  known.release({}, server().summary());
  CHECK(known.enter(request, clock.now_us()).error().number("expired") == 1);

  // Another one's word does not count.
  settings.home = phone.replica->node();
  Edge third = edge();
  third.sync();
  TenantTerms terms = terms_of(*tenant);
  terms.home = phone.replica->node();
  REQUIRE(keep_terms(*third.replica, terms));
  Tenant stranger("default", tenant->plan(), settings, std::move(third.replica), 1);
  PeerTable free(stranger.replica(), clock.now_us());
  ExpiryReader other;
  other.read(stranger, free);
  CHECK(free.size() == 0);
}

}  // namespace syncline::test
