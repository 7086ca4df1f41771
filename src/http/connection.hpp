// One accepted connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "api/request_handler.hpp"
#include "http/connection_registry.hpp"
#include "syncline/clock.hpp"
#include "syncline/server.hpp"

namespace syncline::http {

/// What all connections of a server share. Outlives them.
struct ConnectionSettings {
  api::RequestHandler* handler = nullptr;
  ConnectionRegistry* registry = nullptr;
  const Clock* clock = nullptr;
  std::size_t max_body_bytes = 0;
  std::chrono::milliseconds idle_timeout{0};
  std::chrono::milliseconds request_timeout{0};
  std::function<void(const AccessLogLine&)> access_log;
  /// Distinguishes the request ids of this server from those of others.
  std::string request_id_prefix;
};

/// Bytes of a request's head. Enough for any token, too little to be a burden.
inline constexpr std::size_t max_header_bytes = 16 * 1024;

/// Serves `socket`, whose executor is a strand, until it ends, and gives `place` back then. One
/// that is refused is told to come back later.
void serve_connection(boost::asio::ip::tcp::socket socket, Place place,
                      const ConnectionSettings& settings);

}  // namespace syncline::http
