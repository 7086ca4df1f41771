#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "support/test_server.hpp"

namespace syncline {

using namespace std::chrono_literals;
using test::TestClient;
using test::TestServer;

namespace {

const std::string rows_path = "/v1/tenants/acme/rows/t/";

}  // namespace

TEST_SUITE("many requests at once") {
  TEST_CASE("64 connections with 50 requests each are all served") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    std::atomic<int> written{0};
    std::atomic<int> read{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 64; ++i) {
      threads.emplace_back([&, i] {
        TestClient client(server);
        for (int j = 0; j < 25; ++j) {
          const std::string path = rows_path + std::to_string(i) + "-" + std::to_string(j);
          if (client.put(path, std::to_string(j)).status == 201) ++written;
          const auto row = client.get(path);
          if (row.status == 200 && test::json_of(row)["data"] == j) ++read;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(written == 64 * 25);
    CHECK(read == 64 * 25);
    CHECK(tenant.replica().statistics().rows == 64 * 25);
  }

  TEST_CASE("a stop under load loses nothing that was acknowledged") {
    TestServer server;
    Tenant& tenant = server.add_tenant("acme");
    std::mutex mutex;
    std::vector<std::string> acknowledged;
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const auto transport = server.connect();
        for (int j = 0;; ++j) {
          const std::string id = std::to_string(i) + "-" + std::to_string(j);
          const auto response = transport->send({"PUT", rows_path + id, {}, "1"});
          if (!response) return;
          if (response->status != 201) ++refused;
          const std::lock_guard lock(mutex);
          acknowledged.push_back(id);
        }
      });
    }
    const auto enough = [&] {
      const std::lock_guard lock(mutex);
      return acknowledged.size() >= 200;
    };
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!enough() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    server.server().stop();
    for (std::thread& thread : threads) thread.join();
    CHECK(refused == 0);
    CHECK(acknowledged.size() >= 200);
    for (const std::string& id : acknowledged) {
      CHECK_MESSAGE(tenant.replica().get("t", id).exists(), id);
    }
    // At most one write of each client was done without its answer having arrived.
    CHECK(tenant.replica().statistics().rows <= acknowledged.size() + 8);
  }
}

}  // namespace syncline
