#include <array>
#include <atomic>
#include <optional>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "http/content_coding.hpp"
#include "http/url.hpp"
#include "syncline/transport.hpp"

namespace syncline {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Endpoints = tcp::resolver::results_type;

/// A blocking client. Timeouts exist for asynchronous operations only, so each step is one of these
/// on an event loop of its own, which runs until the step is done.
class HttpTransport final : public Transport {
 public:
  HttpTransport(HttpTransportOptions options, http::ServerUrl server)
      : options_(std::move(options)), server_(std::move(server)) {}

  Result<HttpResponse> send(const HttpRequest& request) override;
  TransportStatistics statistics() const override { return statistics_; }
  void cancel() noexcept override;

 private:
  using Message = wire::request<wire::string_body>;

  /// What became of one attempt.
  struct Attempt {
    std::optional<HttpResponse> response;
    error_code error;
    bool received_anything = false;
  };

  Message to_message(const HttpRequest& request, http::ContentCoding coding) const;
  http::ContentCoding coding_for(const HttpRequest& request) const;
  Result<HttpResponse> carry(const HttpRequest& request, http::ContentCoding coding);
  Result<void> decode(HttpResponse& response) const;
  Attempt exchange(const Message& message, bool head_only);
  error_code connect();
  error_code resolve(Endpoints& endpoints);
  bool is_alive();
  Error unavailable(const error_code& error) const;

  const HttpTransportOptions options_;
  const http::ServerUrl server_;
  asio::io_context context_{1};
  std::atomic<bool> cancelled_{false};
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  TransportStatistics statistics_;
  /// What the server's last answer that named any says it takes.
  http::ContentCoding offered_ = http::ContentCoding::identity;
  bool offer_broken_ = false;
};

HttpTransport::Message HttpTransport::to_message(const HttpRequest& request,
                                                 http::ContentCoding coding) const {
  Message message;
  message.version(11);
  message.method_string(request.method);
  message.target(server_.prefix + request.target);
  message.set(wire::field::host, server_.authority);
  message.set(wire::field::user_agent, "syncline");
  if (!options_.token.empty()) {
    message.set(wire::field::authorization, "Bearer " + options_.token);
  }
  if (options_.compression) message.set(wire::field::accept_encoding, http::known_codings);
  for (const auto& [name, value] : request.headers) message.set(name, value);
  if (coding != http::ContentCoding::identity) {
    message.set(wire::field::content_encoding, http::to_string(coding));
  }
  message.body() = http::compress(coding, request.body);
  message.prepare_payload();
  return message;
}

error_code HttpTransport::resolve(Endpoints& endpoints) {
  error_code error;
  const auto address = asio::ip::make_address(server_.host, error);
  if (!error) {
    const auto port = static_cast<std::uint16_t>(std::stoul(server_.port));
    endpoints = Endpoints::create(tcp::endpoint(address, port), server_.host, server_.port);
    return error;
  }
  tcp::resolver resolver(context_);
  endpoints = resolver.resolve(server_.host, server_.port, error);
  return error;
}

error_code HttpTransport::connect() {
  stream_.reset();
  buffer_.clear();
  if (cancelled_) return asio::error::operation_aborted;
  Endpoints endpoints;
  if (const auto error = resolve(endpoints)) return error;
  stream_.emplace(context_);
  error_code result;
  stream_->expires_after(options_.timeout);
  stream_->async_connect(endpoints,
                         [&](const error_code& error, const tcp::endpoint&) { result = error; });
  context_.restart();
  context_.run();
  error_code ignored;
  if (!result) {
    stream_->socket().set_option(tcp::no_delay(true), ignored);
    // For the look whether the server has closed the connection, which must not block.
    stream_->socket().non_blocking(true, result);
  }
  if (result) stream_.reset();
  return result;
}

/// False if the server has closed the kept-alive connection, or sent what nobody asked for.
bool HttpTransport::is_alive() {
  std::array<char, 1> byte{};
  error_code error;
  stream_->socket().receive(asio::buffer(byte), asio::socket_base::message_peek, error);
  return error == asio::error::would_block && buffer_.size() == 0;
}

HttpTransport::Attempt HttpTransport::exchange(const Message& message, bool head_only) {
  Attempt attempt;
  stream_->expires_after(options_.timeout);
  wire::response_parser<wire::string_body> parser;
  parser.body_limit(options_.max_response_bytes);
  parser.skip(head_only);
  std::size_t sent = 0;
  std::size_t received = 0;
  const auto on_read = [&](const error_code& error, std::size_t bytes) {
    received = bytes;
    attempt.error = error;
  };
  const auto on_write = [&](const error_code& error, std::size_t bytes) {
    sent = bytes;
    attempt.error = error;
    // A server that refuses a body may answer before it has read it, and then close: read anyway.
    if (error == beast::error::timeout) return;
    wire::async_read(*stream_, buffer_, parser, on_read);
  };
  wire::async_write(*stream_, message, on_write);
  context_.restart();
  context_.run();
  statistics_.bytes_sent += sent;
  statistics_.bytes_received += received;
  attempt.received_anything = received > 0 || parser.got_some();
  if (attempt.error) {
    stream_.reset();
    return attempt;
  }
  auto& answer = parser.get();
  HttpResponse response;
  response.status = answer.result_int();
  for (const auto& field : answer) {
    response.headers.emplace(field.name_string(), field.value());
  }
  response.body = std::move(answer.body());
  attempt.response = std::move(response);
  if (!answer.keep_alive()) stream_.reset();
  return attempt;
}

/// True if doing it twice is as good as doing it once: by its method, because the sync protocol
/// says so, or because the request bears a key by which the server knows it again.
bool may_be_repeated(const HttpRequest& request) {
  return request.method != "POST" || request.headers.contains("Idempotency-Key") ||
         request.target.find("/sync/") != std::string::npos;
}

http::ContentCoding HttpTransport::coding_for(const HttpRequest& request) const {
  const bool worth_it = request.body.size() >= http::compress_from_bytes;
  const bool coded_already = request.headers.contains("Content-Encoding");
  const bool may = options_.compression && !offer_broken_ && worth_it && !coded_already;
  return may ? offered_ : http::ContentCoding::identity;
}

/// Undoes the coding that the transport, not its caller, asked for.
Result<void> HttpTransport::decode(HttpResponse& response) const {
  const auto named = response.headers.find("Content-Encoding");
  if (named == response.headers.end()) return {};
  const auto coding = http::coding_from_header(named->second);
  const std::string server = server_.host + ":" + server_.port;
  if (!coding) {
    return Error(ErrorCode::unavailable, "The answer of " + server + " has the encoding \"" +
                                             named->second + "\", which nobody asked for.");
  }
  response.headers.erase(named);
  if (*coding == http::ContentCoding::identity || response.body.empty()) return {};
  auto body = http::decompress(*coding, response.body, options_.max_response_bytes);
  if (!body) {
    return Error(ErrorCode::unavailable,
                 "Cannot read the answer of " + server + ": " + body.error().detail);
  }
  response.body = std::move(*body);
  // It told of the bytes on the wire.
  response.headers.erase("Content-Length");
  return {};
}

/// What is posted runs on the loop of the step under way. Who comes between two steps finds it at
/// the beginning of the next, and there is no connection to begin with after that.
void HttpTransport::cancel() noexcept {
  if (cancelled_.exchange(true)) return;
  const auto close = [this] {
    if (stream_) stream_->close();
  };
  try {
    asio::post(context_, close);
  } catch (...) {
    // Out of memory: then the step under way ends by its timeout.
  }
}

Result<HttpResponse> HttpTransport::send(const HttpRequest& request) {
  constexpr auto identity = http::ContentCoding::identity;
  const http::ContentCoding coding = coding_for(request);
  auto response = carry(request, coding);
  if (response && response->status == 415 && coding != identity) {
    // Perhaps another server took over, or a proxy on the way reads bodies.
    response = carry(request, identity);
    if (response && response->status != 415) offer_broken_ = true;
  }
  if (!response) return response;
  if (const auto offer = response->headers.find("Accept-Encoding");
      offer != response->headers.end()) {
    offered_ = http::choose_coding(offer->second, http::compress_from_bytes);
  }
  if (options_.compression && !request.headers.contains("Accept-Encoding")) {
    if (const auto plain = decode(*response); !plain) return plain.error();
  }
  statistics_.body_bytes_sent += request.body.size();
  statistics_.body_bytes_received += response->body.size();
  return response;
}

Result<HttpResponse> HttpTransport::carry(const HttpRequest& request, http::ContentCoding coding) {
  const Message message = to_message(request, coding);
  bool fresh = false;
  if (cancelled_) return unavailable(asio::error::operation_aborted);
  if (!stream_ || !is_alive()) {
    if (const auto error = connect()) return unavailable(error);
    fresh = true;
  }
  ++statistics_.requests;
  Attempt attempt = exchange(message, request.method == "HEAD");
  const bool closed = attempt.error != beast::error::timeout && !attempt.received_anything;
  if (attempt.error && closed && !fresh && !cancelled_ && may_be_repeated(request)) {
    // Most likely the server closed the connection between the look and the request.
    if (const auto error = connect()) return unavailable(error);
    attempt = exchange(message, request.method == "HEAD");
  }
  if (!attempt.response) return unavailable(attempt.error);
  return std::move(*attempt.response);
}

Error HttpTransport::unavailable(const error_code& error) const {
  std::string reason = error.message();
  if (cancelled_) {
    reason = "it was cancelled";
  } else if (error == beast::error::timeout) {
    reason = "no answer within " + std::to_string(options_.timeout.count()) + " ms";
  } else if (error == wire::error::end_of_stream) {
    reason = "the connection was closed without an answer";
  } else if (error == wire::error::body_limit) {
    reason = "the answer is longer than " + std::to_string(options_.max_response_bytes) + " bytes";
  }
  return Error(ErrorCode::unavailable,
               "Cannot reach " + server_.host + ":" + server_.port + ": " + reason + ".");
}

}  // namespace

Result<std::unique_ptr<Transport>> make_http_transport(HttpTransportOptions options) {
  auto server = http::parse_server_url(options.url);
  if (!server) return server.error();
  return std::unique_ptr<Transport>(
      std::make_unique<HttpTransport>(std::move(options), std::move(*server)));
}

}  // namespace syncline
