// A network that goes wrong as a test says: a proxy between clients and a server on loopback.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace syncline::test {

/// What goes wrong. Bytes are those that pass the proxy from the moment that this is set on,
/// whatever connection they belong to; "requests" are the bytes from clients, "answers" those back.
struct Faults {
  /// After so many bytes of requests have been passed on, their connection is cut on both sides,
  /// once. 0: at the first byte.
  std::optional<std::uint64_t> cut_requests_after = std::nullopt;
  /// The same of answers. 0: requests go through, and the next answer is lost.
  std::optional<std::uint64_t> cut_answers_after = std::nullopt;
  /// After such a cut, new connections are closed at once, so that no client can just try again.
  bool stay_cut = false;
  std::chrono::milliseconds delay{0};  ///< of all bytes, in each direction
  std::uint64_t bytes_per_second = 0;  ///< in each direction of each connection; 0: no limit
  /// A partition: connections are taken and nothing passes until it ends.
  bool hold = false;
  /// Each request is sent to the server twice, the second time on a connection of its own whose
  /// answer is thrown away.
  bool repeat_requests = false;
  /// Requests with `Upgrade` get status 400 and no connection to the server, as old proxies do.
  bool refuse_upgrades = false;
  /// So many of a hundred new connections break, somewhere in their first 4 KiB of one direction.
  unsigned break_percent = 0;
  std::uint64_t seed = 1;  ///< of which connections break, and where
};

/// What has passed since the proxy began.
struct ProxyCounts {
  std::uint64_t connections = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t answer_bytes = 0;
  std::uint64_t cuts = 0;      ///< by `cut_requests_after` and `cut_answers_after`
  std::uint64_t broken = 0;    ///< by `break_percent`
  std::uint64_t repeated = 0;  ///< requests whose second sending was answered
  std::uint64_t refused = 0;   ///< upgrades
};

/// Listens on a free port of 127.0.0.1 and passes everything on to a server there, on a thread of
/// its own. Holds at most 256 connections and 1 MiB of each direction. Thread-safe.
class FaultProxy {
 public:
  explicit FaultProxy(std::uint16_t server_port, const Faults& faults = {});
  /// Cuts all connections and ends the thread.
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const noexcept;
  std::string url() const;
  /// Holds from now on, for connections that are open as well. Only which of them break is decided
  /// when they begin; with `break_percent` 0 none does any more.
  void set(const Faults& faults);
  ProxyCounts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::test
