#include "api/routes.hpp"

#include <set>

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline {

using api::match_route;

TEST_SUITE("routes") {
  TEST_CASE("parameters are decoded after the path was cut") {
    const auto match = match_route("GET", "/v1/tenants/acme/rows/a%2Fb/x%20y%3F");
    REQUIRE(match);
    REQUIRE(match->route != nullptr);
    CHECK(match->tenant == "acme");
    CHECK(match->parameters == std::vector<std::string>{"a/b", "x y?"});
  }

  TEST_CASE("a fixed name goes before a parameter") {
    const auto match = match_route("GET", "/v1/tenants/acme/conflicts/stats");
    CHECK(match->route->path == "/v1/tenants/{tenant}/conflicts/stats");
  }

  TEST_CASE("what is not there, and what does not answer to the method") {
    for (const char* path : {"/", "", "v1", "/v1", "/v1/", "/v1/tenants/", "/v1/tenants//log",
                             "/healthz/", "/v1/tenants/a/rows/t/r/history/more"}) {
      const auto match = match_route("GET", path);
      REQUIRE(match);
      CHECK(match->route == nullptr);
      CHECK(match->allowed.empty());
    }
    const auto match = match_route("POST", "/v1/tenants/a/rows/t/r");
    CHECK(match->route == nullptr);
    CHECK(match->allowed == "GET, HEAD, PUT, DELETE");
    CHECK(match_route("GET", "/v1/tenants/%zz").error().code == ErrorCode::bad_request);
  }

  TEST_CASE("every route is found by its own path, and no two are the same") {
    std::set<std::string> seen;
    for (const api::Route& route : api::routes()) {
      std::string path(route.path);
      for (char& c : path) {
        if (c == '{' || c == '}') c = '_';
      }
      CHECK(match_route(route.method, path)->route == &route);
      CHECK(seen.insert(std::string(route.method) + std::string(route.path)).second);
    }
  }
}

}  // namespace syncline
