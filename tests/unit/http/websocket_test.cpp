// Live synchronisation over real sockets.
#include <atomic>
#include <set>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "support/live_frames.hpp"
#include "support/test_server.hpp"
#include "syncline/live_channel.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;

/// How long a test waits for what has to come. Never waited for when all is well.
constexpr auto patience = 20s;

Result<std::unique_ptr<LiveChannel>> connect_to(const std::string& url,
                                                const std::string& tenant = "acme") {
  LiveChannelOptions options;
  options.url = url;
  options.target = "/v1/tenants/" + tenant + "/sync/live";
  return open_live_channel(options);
}

/// A replica that talks to the server's tenant "acme" frame by frame.
struct LivePeer {
  explicit LivePeer(TestServer& of) : server(of) {
    auto opened = Replica::open({});
    REQUIRE(opened);
    replica = std::move(*opened);
    connect();
  }
  void connect() {
    auto opened = connect_to(server.server().url());
    REQUIRE(opened);
    channel = std::move(*opened);
    RegisterRequest request;
    request.protocol = {1};
    request.node_id = replica->node();
    request.clock = wire_clock(*replica, replica->summary());
    send(request);
    CHECK(body_as<RegisterResponse>(take()).protocol == 1);
  }
  void send(LiveBody body, std::uint64_t id = 1) {
    REQUIRE(channel->send(write_live_message({id, std::move(body)}, format)));
  }
  Result<LiveFrame> next() {
    auto message = channel->receive(patience);
    if (!message) return message.error();
    REQUIRE(*message);
    return read_live_message(**message);
  }
  LiveFrame take() {
    auto frame = next();
    REQUIRE(frame);
    return std::move(*frame);
  }
  void pull(std::uint64_t changes, std::optional<std::uint64_t> page = std::nullopt) {
    send(LiveCredit{changes, std::uint64_t{1} << 40}, 0);
    PullRequest request;
    request.cursor = cursor;
    request.limit = page;
    send(request, 2);
  }
  /// Takes a frame of changes in.
  const PullResponse take_in(const LiveFrame& frame) {
    const PullResponse& page = body_as<PullResponse>(frame);
    REQUIRE(replica->integrate(page.changes.views()).rejected.empty());
    lsns.insert(lsns.end(), page.changes.lsns.begin(), page.changes.lsns.end());
    cursor = page.cursor;
    return page;
  }
  void put_and_push(std::string_view row) {
    const auto written = replica->put("t", row, Payload::json("1"));
    REQUIRE(written);
    PushRequest request;
    const LogReader reader = replica->log();
    const auto record = reader.at(reader.last_lsn()).change.record;
    request.changes.records.emplace_back(record.begin(), record.end());
    send(request, 3);
  }

  TestServer& server;
  BodyFormat format = BodyFormat::msgpack;
  std::unique_ptr<Replica> replica;
  std::unique_ptr<LiveChannel> channel;
  std::string cursor;
  std::vector<Lsn> lsns;  ///< of the server, of all that was taken in
};

std::uint64_t changes_pulled(TestClient& client) {
  const auto peers = json_of(client.get("/v1/tenants/acme/peers"))["peers"];
  REQUIRE(peers.size() == 1);
  return peers[0]["changes_pulled"].get<std::uint64_t>();
}

/// Waits until no connection but that of `client` counts for the tenant.
void wait_until_alone(TestClient& client) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (json_of(client.get("/v1/tenants/acme/usage"))["connections"] != 0) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    std::this_thread::yield();
  }
}

/// More than all buffers between two sockets hold, in 1000 changes.
void fill(Tenant& tenant) {
  const std::string text = "\"" + std::string(32'000, 'x') + "\"";
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(tenant.replica().put("t", std::to_string(i), Payload::json(text)));
  }
}

}  // namespace

TEST_CASE("two clients on one server see each other's changes as they are made") {
  TestServer server;
  server.add_tenant("acme");
  LivePeer left(server);
  LivePeer right(server);
  right.format = BodyFormat::json;
  right.connect();
  for (LivePeer* const peer : {&left, &right}) {
    peer->pull(1000);
    CHECK(body_as<PullResponse>(peer->take()).changes.records.empty());
  }
  for (int i = 0; i < 20; ++i) {
    LivePeer& writer = i % 2 == 0 ? left : right;
    LivePeer& reader = i % 2 == 0 ? right : left;
    writer.put_and_push("r" + std::to_string(i));
    CHECK(body_as<PushResponse>(writer.take()).applied == 1);
    CHECK(reader.take_in(reader.take()).changes.records.size() == 1);
  }
  CHECK(left.replica->summary() == right.replica->summary());
  CHECK(left.replica->summary().get(left.replica->node()) == 10);
}

TEST_CASE("who sends without receiving is answered all the same") {
  TestServer server;
  server.add_tenant("acme");
  LivePeer peer(server);
  constexpr int pushes = 300;
  for (int i = 0; i < pushes; ++i) peer.put_and_push("r" + std::to_string(i));
  for (int i = 0; i < pushes; ++i) CHECK(body_as<PushResponse>(peer.take()).applied == 1);
}

TEST_CASE("for a slow reader nothing is made that its socket does not take; it resumes whole") {
  Server::Options options;
  options.idle_timeout = 400ms;
  TestServer server(options);
  fill(server.add_tenant("acme"));
  TestClient client(server);
  LivePeer peer(server);
  peer.pull(1'000'000, 10);
  // It grants everything and reads nothing, until the server takes it for dead.
  wait_until_alone(client);
  const std::uint64_t made = changes_pulled(client);
  CHECK(made < 700);
  CHECK(made % 10 == 0);
  while (true) {
    const auto frame = peer.next();
    if (!frame) {
      CHECK(frame.error().code == ErrorCode::unavailable);
      break;
    }
    peer.take_in(*frame);
  }
  CHECK(peer.lsns.size() < made);
  peer.connect();
  peer.pull(1'000'000, 100);
  while (peer.lsns.size() < 1000) peer.take_in(peer.take());
  for (std::size_t i = 0; i < peer.lsns.size(); ++i) REQUIRE(peer.lsns[i] == i + 1);
}

TEST_CASE("who goes on sending and does not read is cut off as well") {
  Server::Options options;
  options.idle_timeout = 400ms;
  TestServer server(options);
  fill(server.add_tenant("acme"));
  TestClient client(server);
  LivePeer peer(server);
  // One change a frame: a channel takes in some messages while it sends, and here they are small.
  peer.pull(1'000'000, 1);
  const auto end = std::chrono::steady_clock::now() + patience;
  const LiveMessage grant = write_live_message({0, LiveCredit{1, 1}}, BodyFormat::msgpack);
  while (peer.channel->send(grant)) REQUIRE(std::chrono::steady_clock::now() < end);
  wait_until_alone(client);
  CHECK(changes_pulled(client) < 700);
}

TEST_CASE("a server that dies in the middle of a frame costs a client nothing but the connection") {
  Server::Options options;
  options.drain_timeout = 50ms;
  TestServer server(options);
  fill(server.add_tenant("acme"));
  LivePeer peer(server);
  peer.pull(1'000'000, 10);
  REQUIRE(peer.take_in(peer.take()).has_more);
  server.server().stop();
  Result<LiveFrame> frame = peer.next();
  while (frame) {
    peer.take_in(*frame);
    frame = peer.next();
  }
  CHECK(frame.error().code == ErrorCode::unavailable);
  CHECK(peer.lsns.size() % 10 == 0);
  CHECK(peer.lsns.size() < 1000);
  const auto again = peer.channel->send({true, "x"});
  REQUIRE(again.has_error());
  CHECK(again.error().code == ErrorCode::unavailable);
}

TEST_CASE("stop says goodbye to live connections and does not wait for the drain timeout") {
  Server::Options options;
  options.drain_timeout = 60s;
  TestServer server(options);
  server.add_tenant("acme");
  LivePeer first(server);
  LivePeer second(server);
  second.pull(10);
  second.take();
  const auto begin = std::chrono::steady_clock::now();
  std::thread stopper([&] { server.server().stop(); });
  for (LivePeer* const peer : {&first, &second}) {
    const auto end = peer->next();
    REQUIRE(end.has_error());
    CHECK(end.error().code == ErrorCode::unavailable);
    CHECK(end.error().detail.find("1001") != std::string::npos);
  }
  stopper.join();
  CHECK(std::chrono::steady_clock::now() - begin < patience);
  const auto late = connect_to(server.server().url());
  REQUIRE(late.has_error());
  CHECK(late.error().code == ErrorCode::unavailable);
}

TEST_CASE("a connection on which nobody says anything is kept alive") {
  Server::Options options;
  options.idle_timeout = 150ms;
  TestServer server(options);
  Tenant& tenant = server.add_tenant("acme");
  LivePeer peer(server);
  peer.pull(10);
  peer.take();
  const auto nothing = peer.channel->receive(600ms);
  REQUIRE(nothing);
  CHECK_FALSE(*nothing);
  REQUIRE(tenant.replica().put("t", "1", Payload::json("1")));
  CHECK(peer.take_in(peer.take()).changes.records.size() == 1);
}

TEST_CASE("bytes that are no frame are told why, and the connection ends with that code") {
  TestServer server;
  server.add_tenant("acme");
  auto channel = connect_to(server.server().url());
  REQUIRE(channel);
  REQUIRE((*channel)->send({false, "no frame"}));
  const auto answer = (*channel)->receive(patience);
  REQUIRE(answer);
  REQUIRE(*answer);
  const auto frame = read_live_message(**answer);
  REQUIRE(frame);
  CHECK(code_of(*frame) == ErrorCode::bad_request);
  const auto end = (*channel)->receive(patience);
  REQUIRE(end.has_error());
  CHECK(end.error().detail.find("1007 (bad_request)") != std::string::npos);
}

TEST_CASE("other threads interrupt and close a channel") {
  TestServer server;
  server.add_tenant("acme");
  auto channel = connect_to(server.server().url());
  REQUIRE(channel);
  (*channel)->interrupt();
  CHECK_FALSE(*(*channel)->receive(patience));
  CHECK_FALSE(*(*channel)->receive(0ms));
  std::thread other([&] { (*channel)->interrupt(); });
  CHECK_FALSE(*(*channel)->receive(patience));
  other.join();
  other = std::thread([&] {
    (*channel)->close();
    (*channel)->close();
  });
  const auto end = (*channel)->receive(patience);
  other.join();
  REQUIRE(end.has_error());
  CHECK(end.error().code == ErrorCode::unavailable);
  CHECK((*channel)->send({true, "x"}).has_error());
  CHECK((*channel)->receive(0ms).has_error());
}

TEST_CASE("the server's own refusals are told as they are") {
  TestServer server;
  server.add_tenant("acme");
  const auto unknown = connect_to(server.server().url(), "nobody");
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().code == ErrorCode::tenant_not_found);
  const auto nonsense = connect_to("ftp://x");
  REQUIRE(nonsense.has_error());
  CHECK(nonsense.error().code == ErrorCode::bad_request);
}

}  // namespace syncline::test
