#include "http/stream_sender.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>

namespace syncline::http {

namespace asio = boost::asio;

namespace {

/// The line before the bytes of a chunk (RFC 9112, 7.1).
std::string chunk_head(std::size_t bytes) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), bytes, 16).ptr;
  return std::string(digits.begin(), end) + "\r\n";
}

}  // namespace

asio::awaitable<bool> StreamSender::send(api::Stream source) {
  while (!stopping_) {
    api::StreamStep step = source.source->next(std::chrono::steady_clock::now());
    if (auto* const bytes = std::get_if<std::string>(&step)) {
      // A chunk without bytes would be the end of them all.
      if (bytes->empty()) continue;
      std::string frame = std::move(*bytes);
      if (chunked_) frame.insert(0, chunk_head(frame.size())).append("\r\n");
      if (!co_await write(std::move(frame))) co_return false;
    } else if (const auto* const pause = std::get_if<api::StreamPause>(&step)) {
      stream_.expires_never();
      if (!co_await waiter_.wait(source.tenant, pause->seen, pause->until)) co_return false;
      // Where there is more to look through it did not wait: others have their turn all the same.
      co_await asio::post(stream_.get_executor(), asio::use_awaitable);
    } else {
      break;
    }
  }
  if (!chunked_) co_return false;
  std::string last = "0\r\n\r\n";
  co_return co_await write(std::move(last));
}

void StreamSender::stop() {
  stopping_ = true;
  if (writing_) stream_.close();
}

asio::awaitable<bool> StreamSender::write(std::string bytes) {
  boost::system::error_code error;
  std::size_t sent = 0;
  writing_ = true;
  while (!error && sent < bytes.size()) {
    // Anew for each part: who takes little at a time is slow, but there.
    stream_.expires_after(write_timeout_);
    const auto rest = asio::buffer(bytes.data() + sent, bytes.size() - sent);
    sent +=
        co_await stream_.async_write_some(rest, asio::redirect_error(asio::use_awaitable, error));
  }
  writing_ = false;
  bytes_sent_ += sent;
  co_return !error;
}

}  // namespace syncline::http
