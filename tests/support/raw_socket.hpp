// A TCP connection that sends whatever bytes a test wants.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::test {

/// Blocking, to a port of 127.0.0.1. Reading ends after some seconds at the latest.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  /// False if the other side has closed.
  bool send(std::string_view bytes);
  /// All until the other side closes, or until `end` has come.
  std::string receive_until(std::string_view end);
  std::string receive_all() { return receive_until({}); }

 private:
  int descriptor_ = -1;
};

}  // namespace syncline::test
