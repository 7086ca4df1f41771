#include "http/url.hpp"

#include <doctest/doctest.h>

#include "http/date.hpp"
#include "support/results.hpp"

namespace syncline {

TEST_SUITE("url") {
  TEST_CASE("parts of a server's URL") {
    const auto plain = http::parse_server_url("http://localhost:8437");
    REQUIRE(plain);
    CHECK(plain->host == "localhost");
    CHECK(plain->port == "8437");
    CHECK(plain->authority == "localhost:8437");
    CHECK(plain->prefix.empty());
    const auto full = http::parse_server_url("http://[::1]/some/where//");
    REQUIRE(full);
    CHECK(full->host == "::1");
    CHECK(full->authority == "[::1]");
    CHECK(full->port == "80");
    CHECK(full->prefix == "/some/where");
  }

  TEST_CASE("what is no URL is told, with what would be one") {
    for (const std::string wrong :
         {"", "localhost", "localhost:80", "https://a", "ftp://a", "http://", "http://a:99999",
          "http://a:b", "http://me@a", "http://a?b", "http://a#b", "http://a b"}) {
      const auto parsed = http::parse_server_url(wrong);
      CHECK_MESSAGE(parsed.has_error(), wrong);
      if (parsed) continue;
      CHECK(parsed.error().code == ErrorCode::bad_request);
      CHECK(parsed.error().detail.find("http://host:port") != std::string::npos);
    }
  }

  TEST_CASE("dates as HTTP writes them") {
    CHECK(http::format_http_date(784'111'777'000'000) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(http::format_http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  }
}

}  // namespace syncline
