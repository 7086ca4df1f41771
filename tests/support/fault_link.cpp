#include "support/fault_link.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace syncline::test {
namespace {

constexpr std::size_t max_waiting_bytes = std::size_t{1} << 20;
/// Longer requests are passed on and not repeated.
constexpr std::size_t max_request_bytes = std::size_t{16} << 20;
/// So that a low rate is even and does not come in one burst a second.
constexpr std::size_t throttled_piece_bytes = 256;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

std::size_t content_length(const std::string& head) {
  const std::size_t at = head.find("\r\ncontent-length:");
  if (at == std::string::npos) return 0;
  std::size_t length = 0;
  for (std::size_t i = head.find(':', at) + 1; i < head.size() && head[i] != '\r'; ++i) {
    if (head[i] >= '0' && head[i] <= '9') {
      length = length * 10 + static_cast<std::size_t>(head[i] - '0');
    }
  }
  return length;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

void prepare_socket(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

Descriptor connect_to(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // On loopback this answers at once.
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Descriptor();
  }
  prepare_socket(socket.get());
  return socket;
}

void Lane::put(std::string bytes, Clock::time_point due, std::uint64_t bytes_per_second) {
  waiting_bytes_ += bytes.size();
  if (bytes_per_second == 0) {
    if (!bytes.empty()) pieces_.push_back({std::move(bytes), due});
    return;
  }
  for (std::size_t at = 0; at < bytes.size(); at += throttled_piece_bytes) {
    std::string piece = bytes.substr(at, throttled_piece_bytes);
    const std::chrono::duration<double> takes(static_cast<double>(piece.size()) /
                                              static_cast<double>(bytes_per_second));
    free_at_ = std::max(free_at_, due) + std::chrono::duration_cast<Clock::duration>(takes);
    pieces_.push_back({std::move(piece), free_at_});
  }
}

bool Lane::send_due(int to, Clock::time_point now) {
  while (!pieces_.empty() && pieces_.front().due <= now) {
    std::string& bytes = pieces_.front().bytes;
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    waiting_bytes_ -= static_cast<std::size_t>(sent);
    bytes.erase(0, static_cast<std::size_t>(sent));
    if (!bytes.empty()) return true;
    pieces_.pop_front();
  }
  return true;
}

std::optional<Lane::Clock::time_point> Lane::next_due() const {
  if (pieces_.empty()) return std::nullopt;
  return pieces_.front().due;
}

bool Lane::full() const noexcept { return waiting_bytes_ >= max_waiting_bytes; }

std::optional<std::string> RequestFramer::take(std::string_view bytes) {
  if (opaque_) return std::nullopt;
  bytes_ += bytes;
  const std::size_t end = bytes_.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const std::size_t size = end + 4 + content_length(lower(bytes_.substr(0, end + 2)));
  if (asks_for_upgrade(bytes_) || size > max_request_bytes) {
    opaque_ = true;
    bytes_.clear();
    return std::nullopt;
  }
  if (bytes_.size() < size) return std::nullopt;
  std::string request = bytes_.substr(0, size);
  bytes_.erase(0, size);
  return request;
}

bool asks_for_upgrade(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find("\r\n\r\n"), bytes.size());
  return bytes.starts_with("GET ") &&
         lower(bytes.substr(0, end)).find("\r\nupgrade:") != std::string::npos;
}

}  // namespace syncline::test
