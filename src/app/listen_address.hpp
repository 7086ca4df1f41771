// Where a server listens, as people write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "syncline/error.hpp"

namespace syncline::app {

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// Reads "127.0.0.1:8437", "[::1]:8437" or ":8437" (loopback); port 0 is any free one.
/// Errors: `bad_request`.
Result<ListenAddress> parse_listen_address(std::string_view text);

/// A tenant that a server begins with.
struct InitialTenant {
  std::string id;
  std::string plan = "unlimited";
  friend bool operator==(const InitialTenant&, const InitialTenant&) = default;
};

/// Reads "shop" or "shop:pro". Whether id and plan are good is for the tenant manager to say.
InitialTenant parse_initial_tenant(std::string_view text);

}  // namespace syncline::app
