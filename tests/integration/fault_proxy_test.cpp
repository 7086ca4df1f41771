// The faulty network itself: each fault does what it says.
#include "support/fault_proxy.hpp"

#include <chrono>
#include <thread>

#include "support/edge_node.hpp"
#include "support/raw_socket.hpp"
#include "support/test_server.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

std::unique_ptr<Transport> connect(const FaultProxy& proxy,
                                   std::chrono::milliseconds timeout = 20'000ms) {
  HttpTransportOptions options;
  options.url = proxy.url();
  options.timeout = timeout;
  options.compression = false;  // bytes are counted here
  auto transport = make_http_transport(options);
  REQUIRE(transport);
  return std::move(*transport);
}

HttpRequest put_row(const std::string& id, const std::string& data) {
  return {"PUT", "/v1/tenants/acme/rows/t/" + id, {}, data};
}

/// Waits for what other threads do; false if it does not come.
template <typename Condition>
bool comes_true(Condition&& condition) {
  const auto end = SteadyClock::now() + 20s;
  while (!condition()) {
    if (SteadyClock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

struct World {
  TestServer server;
  Tenant& tenant = server.add_tenant("acme");
  FaultProxy proxy{server.server().port()};

  bool has(const std::string& id) { return tenant.replica().get("t", id).exists(); }
};

}  // namespace

TEST_SUITE("the faulty network") {
  TEST_CASE("without faults it changes nothing, and counts") {
    World world;
    const auto transport = connect(world.proxy);
    const std::string large = '"' + std::string(900'000, 'x') + '"';
    REQUIRE(transport->send(put_row("1", large)));
    const auto row = transport->send({"GET", "/v1/tenants/acme/rows/t/1", {}, {}});
    REQUIRE(row);
    CHECK(json_of(*row)["data"].get<std::string>().size() == 900'000);
    const ProxyCounts counts = world.proxy.counts();
    CHECK(counts.connections == 1);
    CHECK(counts.request_bytes == transport->statistics().bytes_sent);
    CHECK(counts.answer_bytes == transport->statistics().bytes_received);
    CHECK(counts.cuts + counts.broken + counts.repeated == 0);
  }

  TEST_CASE("a cut request does not arrive, a cut answer is of one that did") {
    World world;
    world.proxy.set({.cut_requests_after = 100});
    CHECK_FALSE(connect(world.proxy)->send(put_row("1", "1")));
    CHECK_FALSE(world.has("1"));
    world.proxy.set({.cut_answers_after = 0});
    CHECK_FALSE(connect(world.proxy)->send(put_row("2", "1")));
    CHECK(world.has("2"));
    world.proxy.set({.cut_answers_after = 20});
    CHECK_FALSE(connect(world.proxy)->send(put_row("3", "1")));
    CHECK(world.has("3"));
    CHECK(world.proxy.counts().cuts == 3);
    CHECK(connect(world.proxy)->send(put_row("4", "1")));  // a cut is done once
    world.proxy.set({.cut_requests_after = 0, .stay_cut = true});
    for (int i = 0; i < 3; ++i) CHECK_FALSE(connect(world.proxy)->send(put_row("5", "1")));
    world.proxy.set({});
    CHECK(connect(world.proxy)->send(put_row("5", "1")));
  }

  TEST_CASE("delay and rate take their time") {
    World world;
    world.proxy.set({.delay = 40ms});
    auto begun = SteadyClock::now();
    REQUIRE(connect(world.proxy)->send(put_row("1", "1")));
    CHECK(SteadyClock::now() - begun >= 80ms);
    world.proxy.set({.bytes_per_second = 50'000});
    begun = SteadyClock::now();
    REQUIRE(connect(world.proxy)->send(put_row("2", '"' + std::string(10'000, 'x') + '"')));
    CHECK(SteadyClock::now() - begun >= 400ms);
  }

  TEST_CASE("a partition lets nothing through until it ends") {
    World world;
    const auto open_before = connect(world.proxy);
    REQUIRE(open_before->send(put_row("0", "1")));
    world.proxy.set({.hold = true});
    CHECK_FALSE(connect(world.proxy, 50ms)->send(put_row("1", "1")));
    CHECK_FALSE(world.has("1"));
    Result<HttpResponse> answer = Error{};
    std::thread waiting([&] { answer = open_before->send(put_row("2", "1")); });
    CHECK_FALSE(world.has("2"));
    world.proxy.set({});
    waiting.join();
    CHECK(answer);
    CHECK(world.has("2"));
  }

  TEST_CASE("a request that is repeated is carried out twice") {
    World world;
    world.proxy.set({.repeat_requests = true});
    const auto transport = connect(world.proxy);
    for (const char* id : {"1", "2"}) REQUIRE(transport->send(put_row(id, "1")));
    REQUIRE(comes_true([&] { return world.proxy.counts().repeated == 2; }));
    CHECK(world.tenant.replica().statistics().changes == 4);
  }

  TEST_CASE("upgrades can be refused, other requests go on") {
    World world;
    world.proxy.set({.refuse_upgrades = true});
    RawSocket socket(world.proxy.port());
    REQUIRE(socket.send("GET /v1/live HTTP/1.1\r\nHost: x\r\nupgrade: websocket\r\n\r\n"));
    CHECK(socket.receive_all().starts_with("HTTP/1.1 400 "));
    CHECK(world.proxy.counts().refused == 1);
    CHECK(world.proxy.counts().request_bytes == 0);
    CHECK(connect(world.proxy)->send(put_row("1", "1")));
  }

  TEST_CASE("which connections break follows from the seed") {
    World world;
    const auto broken = [&](std::uint64_t seed) {
      world.proxy.set({});
      world.proxy.set({.break_percent = 50, .seed = seed});
      std::string pattern;
      for (int i = 0; i < 16; ++i) {
        const auto transport = connect(world.proxy);
        // Longer than what a connection lives that breaks.
        for (int k = 0; k < 10 && pattern.size() <= static_cast<std::size_t>(i); ++k) {
          const std::string data = '"' + std::string(1000, 'x') + '"';
          if (!transport->send({"POST", "/v1/tenants/acme/transactions", {}, data})) pattern += 'x';
        }
        if (pattern.size() <= static_cast<std::size_t>(i)) pattern += '.';
      }
      return pattern;
    };
    const std::string first = broken(1);
    CHECK(first == broken(1));
    CHECK(first != broken(2));
    CHECK(first.find('x') != std::string::npos);
    CHECK(first.find('.') != std::string::npos);
  }

  TEST_CASE("it ends with connections open") {
    TestServer server;
    auto proxy = std::make_unique<FaultProxy>(server.server().port());
    RawSocket socket(proxy->port());
    REQUIRE(socket.send("GET /healthz HTTP/1.1\r\n"));
    REQUIRE(comes_true([&] { return proxy->counts().connections == 1; }));
    proxy.reset();
    CHECK(socket.receive_all().empty());
  }
}

}  // namespace syncline::test
