// A replicator and a real server.
#include "syncline/replicator.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "support/test_server.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;

std::chrono::steady_clock::time_point soon() { return std::chrono::steady_clock::now() + 20s; }

/// A device that keeps itself in sync.
struct Device {
  explicit Device(const std::string& url, bool live = true) {
    Replica::Options options;
    options.tenant = "acme";
    auto opened = Replica::open(options);
    REQUIRE(opened);
    replica = std::move(*opened);
    ReplicatorServer server;
    server.url = url;
    server.tenant = "acme";
    auto ports = make_http_ports(server);
    REQUIRE(ports);
    Replicator::Options with;
    with.replica = replica.get();
    with.ports = std::move(*ports);
    if (!live) {
      with.ports.live = [](const std::string&) -> Result<std::unique_ptr<LiveChannel>> {
        return Error{ErrorCode::protocol_unsupported, "a proxy that lets requests through only"};
      };
    }
    with.tenant = "acme";
    with.backoff.first_ms = 5;
    with.backoff.max_ms = 20;
    with.on_status = [this](const ReplicatorStatus& status) {
      const std::lock_guard lock(mutex);
      state = status.state;
      changed.notify_all();
    };
    subscription = replica->subscribe([this](Lsn) {
      const std::lock_guard lock(mutex);
      changed.notify_all();
    });
    auto made = Replicator::make(std::move(with));
    REQUIRE(made);
    replicator = std::move(*made);
  }
  ~Device() { replicator->stop(); }
  void put(const std::string& row) { REQUIRE(replica->put("t", row, Payload::json("1"))); }
  bool comes_to(ReplicatorState wanted) {
    std::unique_lock lock(mutex);
    return changed.wait_until(lock, soon(), [&] { return state == wanted; });
  }
  bool gets(const std::string& row) {
    std::unique_lock lock(mutex);
    return changed.wait_until(lock, soon(), [&] { return replica->get("t", row).exists(); });
  }

  std::unique_ptr<Replica> replica;
  std::mutex mutex;
  std::condition_variable changed;
  ReplicatorState state = ReplicatorState::stopped;
  Subscription subscription;
  std::unique_ptr<Replicator> replicator;
};

}  // namespace

TEST_CASE("two devices see each other's changes as they are made") {
  TestServer server;
  const Tenant& tenant = server.add_tenant("acme");
  Device one(server.server().url());
  Device two(server.server().url());
  one.put("before");
  one.replicator->start();
  two.replicator->start();
  REQUIRE(one.comes_to(ReplicatorState::live));
  REQUIRE(two.comes_to(ReplicatorState::live));
  CHECK(two.gets("before"));
  for (int i = 0; i < 10; ++i) {
    const std::string row = std::to_string(i);
    one.put("a" + row);
    CHECK(two.gets("a" + row));
    two.put("b" + row);
    CHECK(one.gets("b" + row));
  }
  REQUIRE(one.replicator->wait_until_synced(soon()));
  REQUIRE(two.replicator->wait_until_synced(soon()));
  CHECK(one.replica->visible_checksum() == two.replica->visible_checksum());
  CHECK(one.replica->visible_checksum() == tenant.replica().visible_checksum());
  CHECK(one.replicator->status().pending_changes == 0);
}

TEST_CASE("without live connections a long poll brings what others write") {
  TestServer server;
  server.add_tenant("acme");
  Device one(server.server().url(), false);
  Device two(server.server().url(), false);
  one.replicator->start();
  two.replicator->start();
  REQUIRE(one.replicator->wait_until_synced(soon()));
  REQUIRE(two.replicator->wait_until_synced(soon()));
  for (int i = 0; i < 5; ++i) {
    const std::string row = std::to_string(i);
    one.put("a" + row);
    CHECK(two.gets("a" + row));
    two.put("b" + row);
    CHECK(one.gets("b" + row));
  }
  // A poll is under way: nobody waits for its end.
  const auto begun = std::chrono::steady_clock::now();
  one.replicator->stop();
  two.replicator->stop();
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("a server that goes and comes back is found again") {
  TenantManager tenants;
  REQUIRE(tenants.create("acme", "unlimited"));
  auto server = Server::start(tenants, {});
  REQUIRE(server);
  Server::Options same_port;
  same_port.port = (*server)->port();
  Device device((*server)->url());
  device.replicator->start();
  REQUIRE(device.comes_to(ReplicatorState::live));
  (*server)->stop();
  device.put("while it was away");
  REQUIRE(device.comes_to(ReplicatorState::offline));
  CHECK(device.replicator->status().pending_changes == 1);
  server = Server::start(tenants, same_port);
  REQUIRE(server);
  REQUIRE(device.replicator->wait_until_synced(soon()));
  const auto tenant = tenants.get("acme");
  REQUIRE(tenant);
  CHECK((*tenant)->replica().get("t", "while it was away").exists());
}

TEST_CASE("a transport that is cancelled ends its request, and takes no more") {
  TestServer server;
  server.add_tenant("acme");
  const auto transport = server.connect();
  REQUIRE(transport->send({"GET", "/healthz", {}, {}}));
  // Nothing comes for as long as the request may wait.
  const HttpRequest waiting{
      "GET", "/v1/tenants/acme/changes?feed=longpoll&since=now&wait_ms=60000", {}, {}};
  std::thread canceller([&] { transport->cancel(); });
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = transport->send(waiting);
  canceller.join();
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  REQUIRE(answer.has_error());
  CHECK(answer.error().code == ErrorCode::unavailable);
  CHECK(answer.error().detail.find("cancelled") != std::string::npos);
  CHECK(transport->send({"GET", "/healthz", {}, {}}).has_error());
}

TEST_CASE("ports need a URL") {
  ReplicatorServer server;
  server.url = "nowhere";
  const auto ports = make_http_ports(server);
  REQUIRE(ports.has_error());
  CHECK(ports.error().code == ErrorCode::bad_request);
}

}  // namespace syncline::test
