// The client's side of a live connection: a WebSocket that its caller's thread drives.
#include <atomic>
#include <deque>
#include <optional>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>

#include "http/upgrade_refusal.hpp"
#include "http/url.hpp"
#include "sync/live_frames.hpp"
#include "syncline/live_channel.hpp"

namespace syncline {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

namespace {

/// Messages kept for `receive`. While there are more, the network holds them: what the other side
/// may send is limited by what it was granted, but a thread that only sends shall not collect it.
constexpr std::size_t max_inbox_messages = 64;
/// How long the end of a channel waits for the other side to say goodbye.
constexpr std::chrono::milliseconds close_timeout{200};

/// All that happens on the socket happens on an event loop of its own, which runs while `send`,
/// `receive` or the destructor does. `interrupt` and `close` set a flag and wake the loop.
class WebSocketChannel final : public LiveChannel {
 public:
  WebSocketChannel(LiveChannelOptions options, http::ServerUrl server)
      : options_(std::move(options)), server_(std::move(server)) {}
  ~WebSocketChannel() override;

  Result<void> open();
  Result<void> send(const LiveMessage& message) override;
  Result<std::optional<LiveMessage>> receive(std::chrono::milliseconds timeout) override;
  void interrupt() noexcept override;
  void close() noexcept override;

 private:
  Result<void> resolve(tcp::resolver::results_type& endpoints);
  error_code connect(const tcp::resolver::results_type& endpoints);
  Result<void> shake_hands();
  void keep_reading();
  void on_read(const error_code& error);
  void fail(const error_code& error);
  void wake() noexcept;
  /// Runs the loop until `done` or the deadline.
  template <typename Done>
  void run_until(SteadyClock::time_point deadline, Done done);
  Error unavailable(std::string_view reason) const;

  const LiveChannelOptions options_;
  const http::ServerUrl server_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  // Without compression: see websocket_connection.cpp.
  websocket::stream<beast::tcp_stream, false> socket_{context_};
  beast::flat_buffer buffer_;
  std::deque<LiveMessage> inbox_;
  bool opened_ = false;
  bool reading_ = false;
  bool writing_ = false;
  std::optional<Error> broken_;
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> closed_{false};
};

template <typename Done>
void WebSocketChannel::run_until(SteadyClock::time_point deadline, Done done) {
  while (!done() && SteadyClock::now() < deadline) context_.run_one_until(deadline);
}

Error WebSocketChannel::unavailable(std::string_view reason) const {
  return Error(ErrorCode::unavailable, "The live connection to " + server_.host + ":" +
                                           server_.port + " is of no use: " + std::string(reason) +
                                           ".");
}

Result<void> WebSocketChannel::resolve(tcp::resolver::results_type& endpoints) {
  error_code error;
  const auto address = asio::ip::make_address(server_.host, error);
  if (!error) {
    const auto port = static_cast<std::uint16_t>(std::stoul(server_.port));
    endpoints = tcp::resolver::results_type::create(tcp::endpoint(address, port), server_.host,
                                                    server_.port);
    return {};
  }
  tcp::resolver resolver(context_);
  endpoints = resolver.resolve(server_.host, server_.port, error);
  if (error) return unavailable(error.message());
  return {};
}

error_code WebSocketChannel::connect(const tcp::resolver::results_type& endpoints) {
  std::optional<error_code> result;
  auto& stream = beast::get_lowest_layer(socket_);
  stream.expires_after(options_.connect_timeout);
  stream.async_connect(endpoints,
                       [&](const error_code& error, const tcp::endpoint&) { result = error; });
  // The stream's own timeout ends it.
  run_until(SteadyClock::time_point::max(), [&] { return result.has_value(); });
  stream.expires_never();
  error_code ignored;
  if (!*result) stream.socket().set_option(tcp::no_delay(true), ignored);
  return *result;
}

Result<void> WebSocketChannel::shake_hands() {
  websocket::stream_base::timeout timeouts;
  timeouts.handshake_timeout = options_.connect_timeout;
  timeouts.idle_timeout = options_.idle_timeout;
  timeouts.keep_alive_pings = true;
  socket_.set_option(timeouts);
  socket_.read_message_max(options_.max_message_bytes);
  auto decorate = [this](websocket::request_type& request) {
    request.set(wire::field::user_agent, "syncline");
    request.set(wire::field::sec_websocket_protocol, live_subprotocol);
    if (!options_.token.empty()) {
      request.set(wire::field::authorization, "Bearer " + options_.token);
    }
  };
  socket_.set_option(websocket::stream_base::decorator(decorate));
  websocket::response_type response;
  std::optional<error_code> result;
  socket_.async_handshake(response, server_.authority, server_.prefix + options_.target,
                          [&](const error_code& error) { result = error; });
  run_until(SteadyClock::time_point::max(), [&] { return result.has_value(); });
  if (!*result) {
    if (response[wire::field::sec_websocket_protocol] == live_subprotocol) return {};
    return http::not_spoken("it took the connection without the subprotocol");
  }
  if (result->category() == error_code(websocket::error::upgrade_declined).category()) {
    return http::refusal_of(response.result_int(), response[wire::field::content_type],
                            response[wire::field::retry_after], response.body());
  }
  if (*result == wire::error::end_of_stream || *result == wire::error::partial_message ||
      result->category() != error_code(wire::error::bad_version).category()) {
    return unavailable(result->message());
  }
  return http::not_spoken("its answer is not HTTP: " + result->message());
}

Result<void> WebSocketChannel::open() {
  tcp::resolver::results_type endpoints;
  if (const auto resolved = resolve(endpoints); !resolved) return resolved.error();
  if (const auto error = connect(endpoints)) return unavailable(error.message());
  if (const auto shaken = shake_hands(); !shaken) return shaken.error();
  opened_ = true;
  return {};
}

WebSocketChannel::~WebSocketChannel() {
  if (!opened_ || broken_ || writing_) return;
  bool ended = false;
  socket_.async_close(websocket::close_code::normal, [&](const error_code&) { ended = true; });
  run_until(SteadyClock::now() + close_timeout, [&] { return ended; });
}

void WebSocketChannel::fail(const error_code& error) {
  if (broken_) return;
  const websocket::close_reason& reason = socket_.reason();
  std::string why = error.message();
  if (error == websocket::error::closed) {
    why = "the other side closed it with code " + std::to_string(reason.code);
    if (!reason.reason.empty()) why.append(" (").append(reason.reason.c_str()).append(")");
  }
  broken_ = unavailable(why);
}

void WebSocketChannel::keep_reading() {
  if (reading_ || broken_ || inbox_.size() >= max_inbox_messages) return;
  reading_ = true;
  socket_.async_read(buffer_, [this](const error_code& error, std::size_t) { on_read(error); });
}

void WebSocketChannel::on_read(const error_code& error) {
  reading_ = false;
  if (error) return fail(error);
  inbox_.push_back({socket_.got_binary(), beast::buffers_to_string(buffer_.data())});
  buffer_.consume(buffer_.size());
  keep_reading();
}

Result<void> WebSocketChannel::send(const LiveMessage& message) {
  if (!broken_ && closed_) broken_ = unavailable("it was closed here");
  if (broken_) return *broken_;
  writing_ = true;
  socket_.text(!message.binary);
  socket_.async_write(asio::buffer(message.bytes), [this](const error_code& error, std::size_t) {
    writing_ = false;
    if (error) fail(error);
  });
  keep_reading();
  run_until(SteadyClock::now() + options_.send_timeout,
            [this] { return !writing_ || closed_ || broken_; });
  if (writing_) {
    if (!broken_) broken_ = unavailable(closed_ ? "it was closed here" : "it takes too long");
    // The message is the caller's: the write has to end before it may be gone.
    beast::get_lowest_layer(socket_).close();
    run_until(SteadyClock::time_point::max(), [this] { return !writing_; });
  }
  if (broken_) return *broken_;
  return {};
}

Result<std::optional<LiveMessage>> WebSocketChannel::receive(std::chrono::milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  keep_reading();
  // What has arrived counts even if there is no time to wait.
  context_.poll();
  run_until(deadline, [this] { return !inbox_.empty() || broken_ || interrupted_ || closed_; });
  if (closed_) {
    if (!broken_) broken_ = unavailable("it was closed here");
    return *broken_;
  }
  if (interrupted_.exchange(false)) return std::optional<LiveMessage>();
  if (!inbox_.empty()) {
    std::optional<LiveMessage> message(std::move(inbox_.front()));
    inbox_.pop_front();
    return message;
  }
  if (broken_) return *broken_;
  return std::optional<LiveMessage>();
}

void WebSocketChannel::wake() noexcept {
  try {
    asio::post(context_, [] {});
  } catch (const std::exception&) {
    // Out of memory: the flag is seen when the loop runs next.
  }
}

void WebSocketChannel::interrupt() noexcept {
  interrupted_ = true;
  wake();
}

void WebSocketChannel::close() noexcept {
  closed_ = true;
  wake();
}

}  // namespace

Result<std::unique_ptr<LiveChannel>> open_live_channel(LiveChannelOptions options) {
  auto server = http::parse_server_url(options.url);
  if (!server) return server.error();
  auto channel = std::make_unique<WebSocketChannel>(std::move(options), std::move(*server));
  if (const auto opened = channel->open(); !opened) return opened.error();
  return std::unique_ptr<LiveChannel>(std::move(channel));
}

}  // namespace syncline
