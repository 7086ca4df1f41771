// Replicas that come for the first time when something is stable already.

#include "sync/newcomers.hpp"

#include "support/caller.hpp"
#include "sync/retention.hpp"

namespace syncline::test {
namespace {

/// A tenant of which something is stable, and from which something was deleted before.
struct GrownWorld : SyncWorld {
  GrownWorld() {
    static_cast<void>(hub.exchange_of(tenant));
    REQUIRE(server().put("t", "old", Payload::json("1")));
    REQUIRE(server().put("t", "gone", Payload::json("1")));
    REQUIRE(server().erase("t", "gone"));
    clock.advance_us(60'000'000);
    hub.maintain(tenant);
    REQUIRE(stable_state(server()).number == 1);
  }
};

}  // namespace

TEST_CASE("as long as nothing is stable, nobody is a newcomer") {
  SyncWorld world;
  Edge edge = world.edge();
  edge.put("mine", "1");
  CHECK_FALSE(edge.sync().identity_changed);
  CHECK(world.hub.peers(world.tenant)->find(edge.replica->node())->joined_at_marker == 0);
}

TEST_CASE_FIXTURE(GrownWorld, "what a newcomer wrote before it knew what is stable is not taken") {
  Caller caller(*this);
  caller.edge.put("mine", "1");
  caller.edge.put("mine", "2");
  const auto answer = hub.register_peer(tenant, caller.registration());
  REQUIRE(answer);
  CHECK(answer->newcomer);
  CHECK(answer->stable.number == 1);
  CHECK(RegisterResponse::from_body(answer->to_body())->newcomer);
  const PushResponse refused = caller.push();
  REQUIRE(refused.rejected.size() == 2);
  CHECK(refused.received == 2);
  CHECK(refused.rejected.front().error.code == ErrorCode::depends);
  CHECK(refused.rejected.front().error.number("newcomer") == 1);
  CHECK(refused.rejected.back().index == 1);
  CHECK(server().origin(caller.id()).seq == 0);
  const auto peers = hub.peers(tenant);
  CHECK(state_of(*peers->find(caller.id()), *tenant, *peers, clock.now_us()) == PeerState::joining);
}

TEST_CASE_FIXTURE(GrownWorld, "a newcomer holds back what is stable") {
  Caller caller(*this);
  caller.enter();
  REQUIRE(server().put("t", "b", Payload::json("1")));
  clock.advance_us(60'000'000);
  hub.maintain(tenant);
  CHECK(stable_state(server()).number == 1);
}

TEST_CASE_FIXTURE(GrownWorld, "a newcomer takes everything, then writes its own anew") {
  Edge edge = this->edge();
  const NodeId before = edge.replica->node();
  edge.put("mine", "\"kept\"");
  edge.put("old", "\"changed\"");
  const SyncReport report = edge.sync();
  REQUIRE(report.identity_changed);
  CHECK(report.identity_changed->before == before);
  edge.sync();
  CHECK(server().get("t", "mine").winner->data == "\"kept\"");
  CHECK(edge.replica->visible_checksum() == server().visible_checksum());
  const auto peers = hub.peers(tenant);
  // The id that it came with is gone: nothing of it was taken.
  CHECK_FALSE(peers->find(before));
  CHECK(peers->size() == 1);
  const NodeId now = edge.replica->node();
  CHECK(peers->find(now)->joined_at_marker == 0);
  CHECK(state_of(*peers->find(now), *tenant, *peers, clock.now_us()) == PeerState::live);
  edge.put("mine", "\"more\"");
  CHECK(edge.sync().accepted == 1);
  CHECK_FALSE(edge.sync().identity_changed);
}

TEST_CASE_FIXTURE(GrownWorld, "a newcomer that has written nothing keeps its id") {
  Edge edge = this->edge();
  CHECK_FALSE(edge.sync().identity_changed);
  CHECK(edge.replica->visible_checksum() == server().visible_checksum());
  edge.sync();
  const auto peers = hub.peers(tenant);
  const auto known = peers->find(edge.replica->node());
  CHECK(state_of(*known, *tenant, *peers, clock.now_us()) == PeerState::live);
  edge.put("mine", "1");
  CHECK(edge.sync().accepted == 1);
  CHECK(peers->find(edge.replica->node())->joined_at_marker == 0);
}

TEST_CASE_FIXTURE(GrownWorld, "what a newcomer writes while it joins is written anew, too") {
  Edge edge = this->edge();
  /// Between the registration and the page with the marker the user writes.
  class Busy final : public Transport {
   public:
    Busy(Transport& server, Replica& replica) : server_(server), replica_(replica) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
      if (++requests == 2) CHECK(replica_.put("t", "mine", Payload::json("1")));
      return server_.send(request);
    }
    TransportStatistics statistics() const override { return server_.statistics(); }
    int requests = 0;

   private:
    Transport& server_;
    Replica& replica_;
  };
  Busy busy(*edge.transport, *edge.replica);
  SyncClient::Options one_by_one;
  one_by_one.batch_changes = 1;
  edge.client = std::make_unique<SyncClient>(*edge.replica, busy, one_by_one);
  CHECK(edge.sync().identity_changed);
  edge.sync();
  CHECK(server().get("t", "mine").exists());
  CHECK(edge.replica->visible_checksum() == server().visible_checksum());
}

}  // namespace syncline::test
