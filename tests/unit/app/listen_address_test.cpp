#include "app/listen_address.hpp"

#include <doctest/doctest.h>

namespace {

using namespace syncline::app;

TEST_CASE("addresses are read as people write them") {
  CHECK((*parse_listen_address("127.0.0.1:8437") == ListenAddress{"127.0.0.1", 8437}));
  CHECK((*parse_listen_address("[::1]:0") == ListenAddress{"::1", 0}));
  CHECK((*parse_listen_address(":80") == ListenAddress{"127.0.0.1", 80}));
}

TEST_CASE("what is no address is refused with an example") {
  for (const char* text : {"", "8437", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                           "127.0.0.1:-1", "::1:80", "[::1:80", "[localhost]:80", "[]:80"}) {
    CAPTURE(text);
    const auto address = parse_listen_address(text);
    REQUIRE(address.has_error());
    CHECK(address.error().detail.find("127.0.0.1:8437") != std::string::npos);
  }
}

TEST_CASE("a tenant may name its plan") {
  CHECK((parse_initial_tenant("shop") == InitialTenant{"shop", "unlimited"}));
  CHECK((parse_initial_tenant("shop:pro") == InitialTenant{"shop", "pro"}));
}

}  // namespace
