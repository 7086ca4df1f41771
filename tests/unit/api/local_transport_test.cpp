#include "syncline/local_transport.hpp"

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline {
namespace {

struct Fixture {
  ManualClock clock{1'763'640'000'000'000};
  TenantManager tenants{TenantManager::Options{.clock = &clock}};
  std::unique_ptr<Transport> transport = make_local_transport(tenants, &clock);

  HttpResponse send(std::string method, std::string target, std::string body = {}) {
    HttpRequest request{std::move(method), std::move(target), {}, std::move(body)};
    request.headers["Content-Type"] = "application/json";
    auto response = transport->send(request);
    REQUIRE(response);
    return std::move(*response);
  }
};

TEST_CASE_FIXTURE(Fixture, "requests are answered as a server would") {
  REQUIRE(tenants.create("acme", "pro"));
  CHECK(send("PUT", "/v1/tenants/acme/rows/t/1", "{\"n\":1}").status == 201);
  CHECK(send("GET", "/v1/tenants/acme/rows/t/1").body.find("{\"n\":1}") != std::string::npos);
  CHECK(send("GET", "/v1/tenants/other/rows/t/1").status == 404);
  CHECK(send("GET", "/nowhere").status == 404);
  const TransportStatistics statistics = transport->statistics();
  CHECK(statistics.requests == 4);
  CHECK(statistics.bytes_sent == 7);
  CHECK(statistics.bytes_received > 100);
}

TEST_CASE_FIXTURE(Fixture, "nothing is waited for") {
  REQUIRE(tenants.create("acme", "pro"));
  const HttpResponse page =
      send("GET", "/v1/tenants/acme/changes?since=now&feed=longpoll&wait_ms=60000");
  CHECK(page.status == 200);
  CHECK(page.body.find("\"changes\":[]") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "plans are enforced") {
  REQUIRE(tenants.create("acme", "free"));
  CHECK(send("PUT", "/v1/tenants/acme/rows/t/1", "{}").status == 403);
}

}  // namespace
}  // namespace syncline
