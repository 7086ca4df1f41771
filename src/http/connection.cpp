#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "api/media.hpp"
#include "api/problem.hpp"
#include "http/body_coding.hpp"
#include "http/date.hpp"
#include "http/log_waiter.hpp"
#include "http/stream_sender.hpp"
#include "http/websocket_connection.hpp"

namespace syncline::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

namespace {

/// How long a client may go on sending after it was told that nobody listens any more. Closing at
/// once would reset the connection and could take the answer from it.
constexpr std::chrono::seconds linger_timeout{2};
/// A caller's request id is repeated in every answer, so it stays short and plain.
constexpr std::size_t max_request_id_bytes = 128;

using Parser = wire::request_parser<wire::string_body>;

/// What is known of the request that is being served.
struct Exchange {
  AccessLogLine line;
  SteadyClock::time_point started;
  unsigned version = 11;
  bool keep_alive = false;
  bool head_only = false;
  bool has_body = false;
  std::string accepted_codings;  ///< the request's `Accept-Encoding`
};

bool is_plain(std::string_view id) {
  if (id.empty() || id.size() > max_request_id_bytes) return false;
  return std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 127; });
}

HttpRequest to_request(wire::request<wire::string_body>& message) {
  HttpRequest request;
  request.method = message.method() == wire::verb::head ? "GET" : message.method_string();
  request.target = message.target();
  for (const auto& field : message) {
    auto [place, added] = request.headers.emplace(field.name_string(), field.value());
    if (!added) place->second.append(", ").append(field.value().data(), field.value().size());
  }
  request.body = std::move(message.body());
  return request;
}

/// The answer to a request that could not be read; nullopt if nobody waits for one.
std::optional<Error> reading_error(const error_code& error, std::size_t max_body_bytes) {
  if (error == wire::error::body_limit) {
    return Error(ErrorCode::too_large, "The body is larger than this server takes.")
        .with("limit", max_body_bytes);
  }
  if (error == wire::error::header_limit) {
    return Error(ErrorCode::too_large, "The request's head is larger than this server takes.")
        .with("limit", max_header_bytes);
  }
  const bool ended = error == wire::error::end_of_stream || error == wire::error::partial_message;
  if (ended || error.category() != error_code(wire::error::bad_method).category()) return {};
  return Error(ErrorCode::bad_request, "This is not a valid HTTP/1.1 request: " + error.message());
}

class Connection final : public Stoppable, public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::ip::tcp::socket socket, Place place, const ConnectionSettings& settings)
      : settings_(settings), place_(place), stream_(std::move(socket)), waiter_(stream_.socket()) {}

  ~Connection() override {
    settings_.registry->leave(place_.id);
    settings_.handler->connection_closed(place_.id);
  }

  void stop() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      self->stopping_ = true;
      if (self->phase_ == Phase::quiet) self->stream_.close();
      if (self->live_) self->live_->stop();
      if (self->sender_) self->sender_->stop();
      self->waiter_.wake();
    });
  }

  void abort() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->stream_.close(); });
  }

  static asio::awaitable<void> run(std::shared_ptr<Connection> self) {
    try {
      if (self->place_.refused) {
        co_await self->refuse();
      } else {
        while (co_await self->serve_one()) continue;
        if (self->live_) co_await self->live_->run();
      }
    } catch (const std::exception&) {
      // Out of memory: this connection is the cheapest thing to give up.
    }
    error_code ignored;
    self->stream_.socket().shutdown(asio::socket_base::shutdown_both, ignored);
    self->stream_.close();
  }

 private:
  /// Quiet: between two requests, or waiting for the client's end; may be closed at any moment.
  enum class Phase : std::uint8_t { quiet, busy };

  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> wait_for_request();
  asio::awaitable<std::optional<api::Reply>> answer(HttpRequest request, Exchange& exchange);
  asio::awaitable<bool> respond(HttpResponse response, Exchange& exchange);
  void begin_live(const HttpRequest& request, api::Upgrade upgrade, Exchange& exchange);
  asio::awaitable<bool> respond_at_length(api::Stream stream, Exchange& exchange);
  template <typename Message>
  void write_head(Message& message, const HttpResponse& response, const Exchange& exchange) const;
  void log(Exchange& exchange, unsigned status) const;
  asio::awaitable<void> refuse();
  asio::awaitable<void> linger();
  Exchange new_exchange();

  /// Calls a handler; what it throws becomes an answer that tells nothing of it.
  template <typename Call>
  static api::Reply guarded(Exchange& exchange, Call&& call);

  const ConnectionSettings& settings_;
  const Place place_;
  beast::tcp_stream stream_;
  LogWaiter waiter_;
  /// There once the connection goes on as a WebSocket.
  std::unique_ptr<WebSocketConnection> live_;
  /// There while a stream is being sent.
  std::optional<StreamSender> sender_;
  beast::flat_buffer buffer_;
  std::uint64_t requests_ = 0;
  Phase phase_ = Phase::quiet;
  bool stopping_ = false;
};

Exchange Connection::new_exchange() {
  Exchange exchange;
  exchange.started = SteadyClock::now();
  exchange.line.request_id =
      settings_.request_id_prefix + std::to_string(place_.id) + "-" + std::to_string(++requests_);
  return exchange;
}

asio::awaitable<bool> Connection::wait_for_request() {
  if (buffer_.size() > 0) co_return true;
  if (stopping_) co_return false;
  phase_ = Phase::quiet;
  stream_.expires_after(settings_.idle_timeout);
  error_code error;
  const std::size_t size = co_await stream_.async_read_some(
      buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, error));
  buffer_.commit(size);
  phase_ = Phase::busy;
  co_return !error;
}

asio::awaitable<bool> Connection::serve_one() {
  if (!co_await wait_for_request()) co_return false;
  Exchange exchange = new_exchange();
  stream_.expires_after(settings_.request_timeout);
  Parser parser;
  parser.header_limit(max_header_bytes);
  parser.body_limit(settings_.max_body_bytes);
  error_code error;
  exchange.line.bytes_in = co_await wire::async_read_header(
      stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  auto& message = parser.get();
  exchange.line.method = message.method_string();
  exchange.line.target = message.target();
  if (const auto id = message["X-Request-ID"]; is_plain(id)) exchange.line.request_id = id;
  if (!error && message.version() == 11 && beast::iequals(message["Expect"], "100-continue")) {
    wire::response<wire::empty_body> go_on{wire::status::continue_, 11};
    co_await wire::async_write(stream_, go_on, asio::redirect_error(asio::use_awaitable, error));
  }
  if (!error && !parser.is_done()) {
    exchange.line.bytes_in += co_await wire::async_read(
        stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  }
  if (error) {
    const auto problem = reading_error(error, settings_.max_body_bytes);
    if (!problem) co_return false;
    exchange.has_body = error == wire::error::body_limit;
    HttpResponse refusal = api::problem_response(*problem);
    if (co_await respond(std::move(refusal), exchange)) co_await linger();
    co_return false;
  }
  exchange.version = message.version();
  exchange.keep_alive = message.keep_alive();
  exchange.head_only = message.method() == wire::verb::head;
  HttpRequest request = to_request(message);
  exchange.accepted_codings = api::header(request, "Accept-Encoding");
  exchange.has_body = !request.body.empty();
  std::optional<api::Reply> reply = co_await answer(std::move(request), exchange);
  if (!reply) co_return false;
  if (stopping_) exchange.keep_alive = false;
  bool sent = false;
  if (auto* const stream = std::get_if<api::Stream>(&*reply)) {
    sent = co_await respond_at_length(std::move(*stream), exchange);
  } else {
    HttpResponse response = std::get<HttpResponse>(std::move(*reply));
    sent = co_await respond(std::move(response), exchange);
  }
  co_return sent&& exchange.keep_alive && !stopping_;
}

template <typename Call>
api::Reply Connection::guarded(Exchange& exchange, Call&& call) {
  try {
    return call();
  } catch (const std::exception& exception) {
    exchange.line.failure = exception.what();
    return api::problem_response(Error(ErrorCode::internal, "The server failed on this request."));
  }
}

asio::awaitable<std::optional<api::Reply>> Connection::answer(HttpRequest request,
                                                              Exchange& exchange) {
  const api::RequestContext context{.connection = place_.id, .stopping = stopping_};
  auto handle = [&]() -> api::Reply {
    auto refusal = decode_body(request, settings_.max_body_bytes);
    if (refusal) return std::move(*refusal);
    return settings_.handler->handle(request, context);
  };
  api::Reply reply = guarded(exchange, handle);
  std::optional<SteadyClock::time_point> deadline;
  while (auto* wait = std::get_if<api::Wait>(&reply)) {
    api::Wait waiting = std::move(*wait);
    if (!deadline) deadline = SteadyClock::now() + waiting.timeout;
    if (!stopping_) {
      stream_.expires_never();
      if (!co_await waiter_.wait(waiting.tenant, waiting.seen, *deadline)) co_return std::nullopt;
    }
    const bool last = stopping_ || SteadyClock::now() >= *deadline;
    auto resume = [&] { return waiting.resume(last); };
    reply = guarded(exchange, resume);
  }
  if (auto* const upgrade = std::get_if<api::Upgrade>(&reply)) {
    begin_live(request, std::move(*upgrade), exchange);
    co_return std::nullopt;
  }
  co_return std::move(reply);
}

void Connection::begin_live(const HttpRequest& request, api::Upgrade upgrade, Exchange& exchange) {
  WebSocketConnection::Options options;
  options.idle_timeout = settings_.idle_timeout;
  options.max_message_bytes = settings_.max_body_bytes;
  options.headers["Server"] = "syncline";
  options.headers["Date"] = format_http_date(settings_.clock->now_us());
  options.headers["X-Request-ID"] = exchange.line.request_id;
  live_ = std::make_unique<WebSocketConnection>(stream_, request, std::move(upgrade),
                                                std::move(options));
  if (stopping_) live_->stop();
  exchange.line.status = 101;
  if (settings_.access_log) settings_.access_log(exchange.line);
}

template <typename Message>
void Connection::write_head(Message& message, const HttpResponse& response,
                            const Exchange& exchange) const {
  message.version(exchange.version);
  message.result(response.status);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.set(wire::field::server, "syncline");
  message.set(wire::field::date, format_http_date(settings_.clock->now_us()));
  message.set("X-Request-ID", exchange.line.request_id);
}

void Connection::log(Exchange& exchange, unsigned status) const {
  exchange.line.status = status;
  exchange.line.duration_us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - exchange.started)
          .count());
  if (settings_.access_log) settings_.access_log(exchange.line);
}

asio::awaitable<bool> Connection::respond(HttpResponse response, Exchange& exchange) {
  if (exchange.has_body) name_codings(response);
  const bool has_content = response.status != 204 && response.status != 304;
  if (has_content) encode_body(response, exchange.accepted_codings);
  wire::response<wire::string_body> message;
  write_head(message, response, exchange);
  message.keep_alive(exchange.keep_alive);
  if (has_content) message.content_length(response.body.size());
  if (!exchange.head_only) message.body() = std::move(response.body);
  stream_.expires_after(settings_.idle_timeout);
  error_code error;
  exchange.line.bytes_out = co_await wire::async_write(
      stream_, message, asio::redirect_error(asio::use_awaitable, error));
  log(exchange, response.status);
  co_return !error;
}

asio::awaitable<bool> Connection::respond_at_length(api::Stream stream, Exchange& exchange) {
  const bool chunked = exchange.version >= 11;
  if (!chunked) exchange.keep_alive = false;
  if (exchange.has_body) name_codings(stream.head);
  const unsigned status = stream.head.status;
  wire::response<wire::empty_body> message;
  write_head(message, stream.head, exchange);
  message.keep_alive(exchange.keep_alive);
  message.chunked(chunked);
  wire::response_serializer<wire::empty_body> serializer(message);
  stream_.expires_after(settings_.idle_timeout);
  error_code error;
  exchange.line.bytes_out = co_await wire::async_write_header(
      stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
  bool whole = !error;
  if (whole && !exchange.head_only) {
    sender_.emplace(stream_, waiter_, settings_.idle_timeout, chunked);
    if (stopping_) sender_->stop();
    try {
      whole = co_await sender_->send(std::move(stream));
    } catch (const std::exception& exception) {
      // The head is gone, so an end that is none is all that can tell of it.
      exchange.line.failure = exception.what();
      whole = false;
    }
    exchange.line.bytes_out += sender_->bytes_sent();
    sender_.reset();
  }
  log(exchange, status);
  co_return whole;
}

asio::awaitable<void> Connection::refuse() {
  Exchange exchange = new_exchange();
  HttpResponse response = api::problem_response(
      Error(ErrorCode::unavailable, "The server has as many connections as it can serve.")
          .with("retry_after_s", 1));
  if (co_await respond(std::move(response), exchange)) co_await linger();
}

asio::awaitable<void> Connection::linger() {
  if (stopping_) co_return;
  phase_ = Phase::quiet;
  error_code error;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
  stream_.expires_after(linger_timeout);
  std::array<char, 4096> scrap;
  while (!error) {
    co_await stream_.async_read_some(asio::buffer(scrap),
                                     asio::redirect_error(asio::use_awaitable, error));
  }
}

}  // namespace

void serve_connection(asio::ip::tcp::socket socket, Place place,
                      const ConnectionSettings& settings) {
  const auto executor = socket.get_executor();
  const auto connection = std::make_shared<Connection>(std::move(socket), place, settings);
  settings.registry->attach(place.id, connection);
  asio::co_spawn(executor, Connection::run(connection), asio::detached);
}

}  // namespace syncline::http
