// One connection through the fault proxy: two sockets, and what waits between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::test {

/// A socket that is closed with its owner. -1: none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return number_; }

 private:
  int number_;
};

/// Connects to a port of 127.0.0.1, without blocking from then on. -1 if nobody listens.
Descriptor connect_to(std::uint16_t port);
/// What a proxied socket is set to: no blocking, no waiting for more to send.
void prepare_socket(int descriptor);

/// Bytes on their way in one direction, each piece not before its time.
class Lane {
 public:
  using Clock = std::chrono::steady_clock;

  void put(std::string bytes, Clock::time_point due, std::uint64_t bytes_per_second);
  /// Sends what is due. False if the other side is gone.
  bool send_due(int to, Clock::time_point now);
  /// When there is something to send; nullopt if nothing waits.
  std::optional<Clock::time_point> next_due() const;
  bool empty() const noexcept { return pieces_.empty(); }
  bool full() const noexcept;

  bool ended = false;  ///< nothing more is taken; the connection ends when all was sent

 private:
  struct Piece {
    std::string bytes;
    Clock::time_point due;
  };
  std::deque<Piece> pieces_;
  std::size_t waiting_bytes_ = 0;
  Clock::time_point free_at_{};  // when the last piece will have gone at the given rate
};

/// Finds where requests end in what a client sends.
class RequestFramer {
 public:
  /// Takes bytes in; gives a request when it is whole. Call with "" until nothing comes.
  std::optional<std::string> take(std::string_view bytes);

 private:
  std::string bytes_;
  bool opaque_ = false;  // no HTTP any more
};

/// True if `bytes` begin with a request that asks for another protocol.
bool asks_for_upgrade(std::string_view bytes);

struct Link {
  Descriptor client;  ///< none: a request that is sent a second time
  Descriptor server;
  Lane requests;
  Lane answers;
  RequestFramer framer;
  /// This connection breaks after so many bytes of one direction.
  std::optional<std::uint64_t> break_after;
  bool break_answers = false;
  std::uint64_t passed_bytes = 0;  ///< of that direction
  bool dead = false;
};

}  // namespace syncline::test
