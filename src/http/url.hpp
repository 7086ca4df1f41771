// Where a client connects to.
#pragma once

#include <string>
#include <string_view>

#include "syncline/error.hpp"

namespace syncline::http {

/// The parts of "http://host:port/prefix".
struct ServerUrl {
  std::string host;  ///< without brackets
  std::string port;
  std::string authority;  ///< as the header Host wants it
  std::string prefix;     ///< "" or "/…" without a slash at its end
};

/// Errors: `bad_request` saying what is wrong and what is right.
Result<ServerUrl> parse_server_url(std::string_view text);

}  // namespace syncline::http
