#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "support/edge_node.hpp"
#include "support/raw_socket.hpp"
#include "support/test_server.hpp"

namespace syncline {

using namespace std::chrono_literals;
using test::EdgeNode;
using test::json_of;
using test::TestClient;
using test::TestServer;

namespace {

const std::string tenant_path = "/v1/tenants/acme/";

/// Looks at the number of connections that count for the tenant until it is `count`.
void wait_for_connections(TestClient& admin, std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (json_of(admin.get(tenant_path + "usage"))["connections"] != count) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

}  // namespace

TEST_SUITE("waiting over HTTP") {
  TEST_CASE("a long poll for changes wakes on a write") {
    TestServer server;
    server.add_tenant("acme");
    TestClient admin(server);
    TestClient poller(server);
    HttpResponse answer;
    std::thread thread(
        [&] { answer = poller.get(tenant_path + "changes?tables=t&feed=longpoll&wait_ms=60000"); });
    wait_for_connections(admin, 1);
    // This one wakes it in vain.
    admin.put(tenant_path + "rows/other/1", "1");
    admin.put(tenant_path + "rows/t/1", "2");
    thread.join();
    REQUIRE(json_of(answer)["changes"].size() == 1);
    CHECK(json_of(answer)["changes"][0]["data"] == 2);
  }

  TEST_CASE("a pull waits for the first change, in a round of its own and in an exchange") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    const EdgeNode edge;
    client.post(tenant_path + "sync/register", edge.register_body());
    const std::string pull = R"({"cursor":null,"wait_ms":60000,"node_id":")" + edge.id() + "\"}";
    TestClient puller(server);
    HttpResponse pulled;
    std::thread first([&] { pulled = puller.post(tenant_path + "sync/pull", pull); });
    wait_for_connections(client, 2);
    client.put(tenant_path + "rows/t/1", "1");
    first.join();
    CHECK(json_of(pulled)["changes"].size() == 1);

    const std::string cursor = json_of(pulled)["cursor"].get<std::string>();
    HttpResponse round;
    std::thread second([&] {
      round = puller.post(tenant_path + "sync/exchange",
                          R"({"node_id":")" + edge.id() + R"(","heartbeat":{"clock":{}},)" +
                              R"("pull":{"wait_ms":60000,"cursor":")" + cursor + "\"}}");
    });
    client.put(tenant_path + "rows/t/2", "1");
    second.join();
    CHECK(json_of(round)["pull"]["changes"].size() == 1);
    CHECK(json_of(round)["heartbeat"].contains("lag"));
  }

  TEST_CASE("a wait that is over is answered without changes") {
    TestServer server;
    server.add_tenant("acme");
    TestClient client(server);
    const auto answer = client.get(tenant_path + "changes?feed=longpoll&wait_ms=1");
    CHECK(answer.status == 200);
    CHECK(json_of(answer)["changes"].empty());
    CHECK(json_of(answer).contains("cursor"));
  }

  TEST_CASE("stopping answers those who wait at once") {
    TestServer server;
    server.add_tenant("acme");
    std::vector<std::thread> threads;
    std::atomic<int> answered{0};
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        TestClient poller(server);
        const auto answer = poller.get(tenant_path + "changes?feed=longpoll&wait_ms=60000");
        if (answer.status == 200 && json_of(answer)["changes"].empty()) ++answered;
      });
    }
    {
      TestClient admin(server);
      wait_for_connections(admin, 4);
    }
    server.server().stop();
    for (std::thread& thread : threads) thread.join();
    CHECK(answered == 4);
  }

  TEST_CASE("a client that goes away while it waits counts no longer") {
    TestServer server;
    server.add_tenant("acme");
    TestClient admin(server);
    {
      test::RawSocket poller(server.server().port());
      poller.send("GET " + tenant_path +
                  "changes?feed=longpoll&wait_ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
      wait_for_connections(admin, 1);
    }
    wait_for_connections(admin, 0);
  }
}

}  // namespace syncline
