#include "http/websocket_connection.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket.hpp>

#include "http/signal.hpp"

namespace syncline::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

/// How long either side of a handshake, at the beginning and at the end, may take.
constexpr std::chrono::seconds handshake_timeout{5};
/// A message goes out in parts of this size, so that the idle timeout is one of progress: a client
/// behind a slow line has it for each part. Also what a connection has in its socket at most.
constexpr std::size_t fragment_bytes = std::size_t{64} << 10;
/// Of the buffer that a large message left behind, more than this is given back.
constexpr std::size_t kept_buffer_bytes = std::size_t{64} << 10;

wire::request<wire::empty_body> to_message(const HttpRequest& request) {
  wire::request<wire::empty_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  for (const auto& [name, value] : request.headers) message.set(name, value);
  return message;
}

}  // namespace

struct WebSocketConnection::Impl {
  Impl(beast::tcp_stream& tcp, const HttpRequest& request, api::Upgrade accepted, Options chosen)
      : stream(tcp),
        handshake(to_message(request)),
        upgrade(std::move(accepted)),
        options(std::move(chosen)) {}

  asio::awaitable<bool> accept();
  asio::awaitable<void> read_all();
  asio::awaitable<void> write_all();
  asio::awaitable<bool> write(LiveMessage message);
  asio::awaitable<void> close();
  void arm_deadline();

  MessageSession& session() { return *upgrade.session; }

  beast::tcp_stream& stream;
  const wire::request<wire::empty_body> handshake;
  api::Upgrade upgrade;
  const Options options;
  // Without compression, for which zlib takes about 300 kB a connection.
  websocket::stream<beast::tcp_stream&, false> socket{stream};
  Signal news{stream.get_executor()};      ///< for the writer
  Signal may_read{stream.get_executor()};  ///< for the reader
  asio::steady_timer deadline{stream.get_executor()};
  /// Shared with callbacks that may be called once more when this is gone.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  bool stopping = false;
  bool failed = false;     ///< the session threw
  bool finishing = false;  ///< nothing more is taken in
  bool reading = false;
};

WebSocketConnection::WebSocketConnection(beast::tcp_stream& stream, const HttpRequest& handshake,
                                         api::Upgrade upgrade, Options options)
    : impl_(std::make_unique<Impl>(stream, handshake, std::move(upgrade), std::move(options))) {}

WebSocketConnection::~WebSocketConnection() { *impl_->alive = false; }

void WebSocketConnection::stop() {
  impl_->stopping = true;
  impl_->news.set();
}

asio::awaitable<bool> WebSocketConnection::Impl::accept() {
  stream.expires_never();  // the WebSocket has timeouts of its own
  websocket::stream_base::timeout timeouts;
  timeouts.handshake_timeout = handshake_timeout;
  timeouts.idle_timeout = options.idle_timeout;
  timeouts.keep_alive_pings = true;
  socket.set_option(timeouts);
  auto decorate = [this](websocket::response_type& response) {
    for (const auto& [name, value] : options.headers) response.set(name, value);
    response.set(wire::field::sec_websocket_protocol, upgrade.subprotocol);
  };
  socket.set_option(websocket::stream_base::decorator(decorate));
  socket.read_message_max(options.max_message_bytes);
  socket.auto_fragment(false);
  error_code error;
  co_await socket.async_accept(handshake, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<void> WebSocketConnection::Impl::read_all() {
  beast::flat_buffer buffer;
  while (!finishing) {
    if (!session().wants_input()) {
      if (session().closing()) break;
      co_await may_read.wait();
      continue;
    }
    error_code error;
    co_await socket.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error || finishing) break;
    LiveMessage message;
    try {
      message.binary = socket.got_binary();
      message.bytes = beast::buffers_to_string(buffer.data());
      buffer.consume(buffer.size());
      if (buffer.capacity() > kept_buffer_bytes) buffer.shrink_to_fit();
      session().on_message(message);
    } catch (const std::exception&) {
      failed = true;
      break;
    }
    news.set();
  }
  reading = false;
  news.set();
}

void WebSocketConnection::Impl::arm_deadline() {
  deadline.expires_after(options.idle_timeout);
  deadline.async_wait([this, here = alive](const error_code& error) {
    if (!error && *here) stream.close();
  });
}

asio::awaitable<bool> WebSocketConnection::Impl::write(LiveMessage message) {
  socket.text(!message.binary);
  std::string_view rest = message.bytes;
  error_code error;
  while (!rest.empty() && !error) {
    const std::string_view part = rest.substr(0, fragment_bytes);
    rest.remove_prefix(part.size());
    arm_deadline();
    const auto buffer = asio::buffer(part.data(), part.size());
    co_await socket.async_write_some(rest.empty(), buffer,
                                     asio::redirect_error(asio::use_awaitable, error));
    deadline.cancel();
  }
  co_return !error;
}

asio::awaitable<void> WebSocketConnection::Impl::write_all() {
  // A session that is over still has to say why.
  while (!stopping && !failed && (reading || session().closing())) {
    std::optional<LiveMessage> message;
    try {
      message = session().next_message();
    } catch (const std::exception&) {
      failed = true;
    }
    if (message) {
      LiveMessage next = std::move(*message);
      if (!co_await write(std::move(next))) co_return;
      may_read.set();
    } else if (failed || session().closing()) {
      co_return;
    } else {
      co_await news.wait();
    }
  }
}

asio::awaitable<void> WebSocketConnection::Impl::close() {
  websocket::close_reason reason;
  if (const auto closing = session().closing()) {
    reason.code = closing->code;
    reason.reason = closing->reason;
  } else if (failed) {
    reason.code = websocket::close_code::internal_error;
  } else if (stopping) {
    reason.code = websocket::close_code::going_away;
  } else {
    co_return;  // the client has closed, or is gone
  }
  error_code ignored;
  co_await socket.async_close(reason, asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> WebSocketConnection::run() {
  Impl& impl = *impl_;
  if (!co_await impl.accept()) co_return;
  auto on_append = [wake = impl.news.remote()](Lsn) { wake(); };
  const Subscription subscription = impl.upgrade.tenant->replica().subscribe(std::move(on_append));
  impl.reading = true;
  asio::co_spawn(impl.stream.get_executor(), impl.read_all(), asio::detached);
  co_await impl.write_all();
  impl.finishing = true;
  co_await impl.close();
  impl.stream.close();
  impl.may_read.set();
  while (impl.reading) co_await impl.news.wait();
}

}  // namespace syncline::http
