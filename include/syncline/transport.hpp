// HTTP as values, and the port through which a client reaches a server.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "syncline/error.hpp"

namespace syncline {

/// Compares header names without regard to ASCII case.
struct HeaderLess {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                        [&](char a, char b) { return lower(a) < lower(b); });
  }
};
using Headers = std::map<std::string, std::string, HeaderLess>;

/// One HTTP request. `target` is path and query, percent-encoded, e.g. "/v1/tenants?limit=2".
struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  Headers headers;
  std::string body;
};

struct HttpResponse {
  unsigned status = 200;
  Headers headers;
  std::string body;
};

/// What a transport has carried so far. The first two counts of bytes are heads and bodies as they
/// went over the wire; the others are bodies alone, as they are without compression.
struct TransportStatistics {
  std::uint64_t requests = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t body_bytes_sent = 0;
  std::uint64_t body_bytes_received = 0;
};

/// Carries requests to one server, one at a time. Not thread-safe, but for `cancel`.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;
  /// Any HTTP status is a response. Errors: `unavailable` (no connection, broken, timed out).
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
  virtual TransportStatistics statistics() const = 0;
  /// Ends the transport, from whatever thread: a `send` under way, and each later one, is
  /// `unavailable` at once. (A look-up of the host's name cannot be cut short.) Does nothing where
  /// `send` never waits.
  virtual void cancel() noexcept {}
};

/// Where and how a client connects.
struct HttpTransportOptions {
  std::string url;                            ///< "http://host:port", a path before /v1 is allowed
  std::string token;                          ///< sent as `Authorization: Bearer …` unless empty
  std::chrono::milliseconds timeout{75'000};  ///< of one request; longer than the longest long poll
  /// Of an answer's body, on the wire and decompressed.
  std::size_t max_response_bytes = std::size_t{256} << 20;
  /// Lets the server compress its answers, and compresses requests once it has said that it takes
  /// them so.
  bool compression = true;
};

/// A transport over one kept-alive connection, which it opens when needed and opens again once if
/// the server had closed it. Errors: `bad_request` for a URL that is none, naming the right form.
Result<std::unique_ptr<Transport>> make_http_transport(HttpTransportOptions options);

}  // namespace syncline
