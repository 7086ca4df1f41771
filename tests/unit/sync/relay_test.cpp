// A node between the home and others: it keeps to the home's word, and passes it on.

#include "support/caller.hpp"
#include "sync/expiry.hpp"
#include "sync/retention.hpp"
#include "sync/standing.hpp"

namespace syncline::test {
namespace {

constexpr std::uint64_t minute_us = 60'000'000;

/// An edge that serves: it has no settings of its own until it has heard of the home's.
struct Relay {
  explicit Relay(SyncWorld& home)
      : tenants(options_of(home)), hub(&home.clock), transport(home.tenants, home.hub) {
    TenantSettings settings;
    settings.home.reset();
    tenant = tenants.create("default", "unlimited", settings).value();
    client = std::make_unique<SyncClient>(replica(), transport, SyncClient::Options{});
  }
  static TenantManager::Options options_of(SyncWorld& home) {
    TenantManager::Options options;
    options.clock = &home.clock;
    options.random = &home.random;
    return options;
  }
  Replica& replica() { return tenant->replica(); }
  SyncReport sync() {
    const Result<SyncReport> report = client->sync();
    if (!report) FAIL(to_string(report.error()));
    return *report;
  }
  void put(std::string_view row, std::string_view json) {
    REQUIRE(replica().put("t", row, Payload::json(json)));
  }

  TenantManager tenants;
  Hub hub;
  std::shared_ptr<Tenant> tenant;
  HubTransport transport;
  std::unique_ptr<SyncClient> client;
};

struct RelayWorld : SyncWorld {
  /// Makes everything stable at the home that all who registered there hold.
  void mark() {
    clock.advance_us(minute_us);
    hub.maintain(tenant);
  }
  /// Lets an edge that knows the home, or nobody yet, turn to the relay.
  void lead_to_relay(Edge& edge) {
    edge.client.reset();
    edge.transport = std::make_unique<HubTransport>(relay.tenants, relay.hub);
    edge.client =
        std::make_unique<SyncClient>(*edge.replica, *edge.transport, SyncClient::Options{});
  }
  Edge beyond() {
    Edge made = edge();
    lead_to_relay(made);
    return made;
  }

  Relay relay{*this};
};

std::string row_of(Replica& replica, std::string_view row) {
  const Row state = replica.get("t", row);
  return state.winner ? std::string(state.winner->data) : "none";
}

}  // namespace

TEST_CASE_FIXTURE(RelayWorld, "a relay shows and passes on the settings that it was told") {
  TenantSettings settings = tenant->settings();
  settings.policies.tables["t"] = "causal";
  settings.retention.max_changes = 1000;
  REQUIRE(tenants.set_settings("default", settings));
  CHECK_FALSE(goes_by_another(*relay.tenant));
  CHECK_FALSE(known_home(*relay.tenant));
  relay.sync();
  CHECK(known_home(*relay.tenant) == server().node());
  const TenantSettings known = known_settings(*relay.tenant);
  CHECK(known.policies.tables.at("t") == "causal");
  CHECK(known.retention.max_changes == 1000);
  CHECK(known.version == tenant->settings().version);
  Edge edge = beyond();
  edge.sync();
  CHECK(home_of(*edge.replica) == server().node());
  CHECK(edge.replica->policies().tables.at("t") == "causal");
}

TEST_CASE_FIXTURE(RelayWorld, "whom the home gives up a relay takes under another id only") {
  relay.sync();
  Edge phone = edge();
  phone.put("a", "1");
  phone.sync();
  lead_to_relay(phone);
  phone.sync();
  const NodeId before = phone.replica->node();
  const auto exchange = hub.exchange_of(tenant);
  REQUIRE(give_up(*tenant, exchange->peers, exchange->expiries, phone.replica->node()));
  relay.sync();
  // Nobody else has to hear of it at the relay, so that it may come back at once as another.
  const SyncReport report = phone.sync();
  REQUIRE(report.identity_changed);
  CHECK(report.identity_changed->before == before);
}

TEST_CASE_FIXTURE(RelayWorld,
                  "a relay that was given up takes those behind it along when it comes back") {
  relay.put("old", "1");
  relay.sync();
  Edge phone = beyond();
  phone.sync();
  relay.sync();
  const NodeId before = phone.replica->node();
  const auto exchange = hub.exchange_of(tenant);
  REQUIRE(give_up(*tenant, exchange->peers, exchange->expiries, relay.replica().node()));
  // Nobody waits for these any more, and the row is deleted and forgotten meanwhile.
  phone.put("old", "\"phone\"");
  phone.sync();
  REQUIRE(server().erase("t", "old"));
  Edge other = edge();
  other.sync();
  other.sync();
  mark();
  REQUIRE(stable_state(server()).number != 0);

  for (int i = 0; i < 3; ++i) {
    relay.sync();
    static_cast<void>(phone.client->sync());
    mark();
    other.sync();
  }
  CHECK(came_back_at(relay.replica()) != 0);
  for (Replica* const each :
       {&server(), &relay.replica(), phone.replica.get(), other.replica.get()}) {
    CHECK(row_of(*each, "old") == row_of(server(), "old"));
    CHECK(each->visible_checksum() == server().visible_checksum());
    CHECK(each->conflicts({}).conflicts.size() == server().conflicts({}).conflicts.size());
  }
  // It was written anew by somebody who had seen what is stable.
  CHECK(server().origin(before).seq == 0);
  CHECK(relay.replica().origin(before).seq == 0);
}

TEST_CASE_FIXTURE(RelayWorld, "who knows that a server was given up does not ask it") {
  relay.put("old", "1");
  relay.sync();
  Edge edge = this->edge();
  edge.sync();
  const auto exchange = hub.exchange_of(tenant);
  REQUIRE(give_up(*tenant, exchange->peers, exchange->expiries, relay.replica().node()));
  relay.put("unseen", "1");
  for (int i = 0; i < 2; ++i) edge.sync();
  lead_to_relay(edge);
  const auto refused = edge.client->sync();
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(row_of(*edge.replica, "unseen") == "none");
  // A newcomer is told, whose snapshot need not have the home's entry.
  mark();
  Edge late = this->edge();
  for (int i = 0; i < 2; ++i) late.sync();
  lead_to_relay(late);
  CHECK(late.client->sync().has_error());
  // Under its new id it is asked again.
  relay.sync();
  CHECK(edge.client->sync());
  CHECK(row_of(*edge.replica, "unseen") == "1");
}

TEST_CASE_FIXTURE(RelayWorld, "a relay drops nothing by age or number that is not stable") {
  constexpr std::size_t many = 9000;  // more than a segment
  TenantSettings settings = tenant->settings();
  settings.retention.max_changes = 10;
  REQUIRE(tenants.set_settings("default", settings));
  relay.sync();
  for (std::size_t i = 0; i < many; ++i) relay.put(std::to_string(i % 20), std::to_string(i));
  relay.hub.maintain(relay.tenant);
  CHECK(relay.replica().log().first_lsn() == 1);
  for (int i = 0; i < 2; ++i) relay.sync();
  CHECK(server().visible_checksum() == relay.replica().visible_checksum());
  mark();
  relay.sync();
  relay.hub.maintain(relay.tenant);
  CHECK(relay.replica().log().first_lsn() > many / 2);
}

TEST_CASE_FIXTURE(RelayWorld, "what a relay answered for its newcomers have to have seen") {
  relay.put("gone", "1");
  relay.sync();
  REQUIRE(relay.replica().erase("t", "gone"));
  relay.sync();
  Edge edge = beyond();
  const NodeId before = edge.replica->node();
  edge.put("new", "1");
  clock.advance_us(1000);
  edge.put("gone", "\"mine\"");
  // The home calls stable what the relay answered for, and forgets the row.
  mark();
  REQUIRE_FALSE(server().get("t", "gone").winner);
  const SyncReport report = edge.sync();
  REQUIRE(report.identity_changed);
  CHECK(report.identity_changed->before == before);
  for (int i = 0; i < 3; ++i) {
    relay.sync();
    edge.sync();
  }
  for (Replica* const replica : {&server(), &relay.replica(), edge.replica.get()}) {
    CHECK(row_of(*replica, "new") == "1");
    CHECK(row_of(*replica, "gone") == "\"mine\"");
    CHECK(replica->visible_checksum() == server().visible_checksum());
    CHECK(replica->conflicts({}).conflicts.size() == server().conflicts({}).conflicts.size());
  }
  const auto peers = relay.hub.peers(relay.tenant);
  CHECK_FALSE(peers->find(before));
  CHECK_FALSE(peers->find(edge.replica->node())->joined_at);
}

TEST_CASE_FIXTURE(RelayWorld, "a relay takes of its newcomers what has missed nothing there") {
  relay.put("old", "1");
  relay.sync();
  Edge edge = beyond();
  edge.put("mine", "1");
  CHECK_FALSE(edge.sync().identity_changed);
  CHECK(row_of(relay.replica(), "mine") == "1");
  const auto peers = relay.hub.peers(relay.tenant);
  CHECK_FALSE(peers->find(edge.replica->node())->joined_at);

  Edge late = beyond();
  late.transport->lose_request(2);  // with which it would tell that it holds what it got
  CHECK_FALSE(late.client->sync());
  const auto joining = peers->find(late.replica->node());
  REQUIRE(joining->joined_at);
  CHECK(state_of(*joining, *relay.tenant, *peers, clock.now_us()) == PeerState::joining);
  // What came to the relay later it need not have seen.
  late.put("old", "\"late\"");
  clock.advance_us(1000);
  relay.put("old", "\"relay\"");
  CHECK_FALSE(late.sync().identity_changed);
  CHECK(row_of(relay.replica(), "old") == "\"relay\"");
  CHECK(relay.replica().conflicts({}).conflicts.size() == 1);
  CHECK_FALSE(peers->find(late.replica->node())->joined_at);
}

TEST_CASE_FIXTURE(RelayWorld,
                  "a newcomer's first round at a relay ends with telling what it holds") {
  relay.put("old", "1");
  relay.sync();
  Edge edge = beyond();
  CHECK(edge.sync().requests == 2);
  CHECK_FALSE(relay.hub.peers(relay.tenant)->find(edge.replica->node())->joined_at);
  CHECK(edge.sync().requests == 1);
}

TEST_CASE_FIXTURE(RelayWorld,
                  "who never exchanged everything is a newcomer at the next relay, too") {
  relay.put("old", "1");
  relay.sync();
  Edge edge = this->edge();
  edge.put("old", "\"early\"");
  mark();
  REQUIRE(stable_state(server()).number == 1);
  // The home tells that it is a newcomer, and then is not reached any more.
  edge.transport->lose_request(2);
  CHECK_FALSE(edge.client->sync());
  CHECK(home_of(*edge.replica) == server().node());
  lead_to_relay(edge);
  CHECK(edge.sync().identity_changed);
}

TEST_CASE_FIXTURE(RelayWorld, "two who never reached the home bring it what they exchanged") {
  REQUIRE(server().put("t", "old", Payload::json("1")));
  static_cast<void>(hub.exchange_of(tenant));
  mark();
  REQUIRE(stable_state(server()).number == 1);
  Edge edge = beyond();
  edge.put("mine", "\"edge\"");
  edge.put("shared", "\"edge\"");
  relay.put("yours", "\"relay\"");
  clock.advance_us(1000);
  relay.put("shared", "\"relay\"");
  edge.sync();
  CHECK(row_of(relay.replica(), "mine") == "\"edge\"");
  CHECK(row_of(*edge.replica, "yours") == "\"relay\"");

  for (int i = 0; i < 4; ++i) {
    relay.sync();
    edge.sync();
  }
  for (Replica* const replica : {&server(), &relay.replica(), edge.replica.get()}) {
    CHECK(row_of(*replica, "old") == "1");
    CHECK(row_of(*replica, "mine") == "\"edge\"");
    CHECK(row_of(*replica, "yours") == "\"relay\"");
    CHECK(row_of(*replica, "shared") == "\"relay\"");
    CHECK(replica->visible_checksum() == server().visible_checksum());
    CHECK(replica->summary() == server().summary());
  }
  const SyncReport idle = relay.sync();
  CHECK(idle.pushed + idle.pulled == 0);
}

}  // namespace syncline::test
