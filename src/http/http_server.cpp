#include "http/http_server.hpp"

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/connection.hpp"
#include "syncline/node_id.hpp"

namespace syncline::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// How long to wait when the system has no more descriptors to give.
constexpr std::chrono::milliseconds accept_pause{50};

void run_loop(asio::io_context& context) {
  while (true) {
    try {
      context.run();
      return;
    } catch (const std::exception&) {
      // Out of memory in a callback: the others go on.
    }
  }
}

Result<asio::ip::address> parse_address(const std::string& text) {
  error_code error;
  auto address = asio::ip::make_address(text == "localhost" ? "127.0.0.1" : text, error);
  if (error) {
    return Error(ErrorCode::bad_request,
                 "\"" + text + "\" is no IP address; right is, for example, 127.0.0.1.");
  }
  if (!address.is_loopback()) {
    return Error(ErrorCode::bad_request,
                 "Refusing to listen on " + text +
                     ": no token keys are configured; without them the server listens on loopback "
                     "only (127.0.0.1 or ::1).");
  }
  return address;
}

}  // namespace

/// The order of members matters: connections are members of the event loop and use all above it.
struct HttpServer::Impl {
  Impl(api::RequestHandler& handler, Options server_options)
      : options(std::move(server_options)), registry(options.max_connections) {
    settings.handler = &handler;
    settings.registry = &registry;
    settings.clock = options.clock;
    settings.max_body_bytes = options.max_body_bytes;
    settings.idle_timeout = options.idle_timeout;
    settings.request_timeout = options.request_timeout;
    settings.access_log = options.access_log;
    settings.request_id_prefix = NodeId::generate(system_random()).to_string().substr(0, 8) + "-";
  }

  Result<void> listen();
  Result<void> run();
  void stop();
  asio::awaitable<void> accept_all();

  const Options options;
  ConnectionRegistry registry;
  ConnectionSettings settings;
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  tcp::acceptor acceptor{asio::make_strand(context)};
  tcp::endpoint endpoint;
  std::mutex stop_mutex;
  std::vector<std::thread> threads;
};

Result<void> HttpServer::Impl::listen() {
  const auto address = parse_address(options.address);
  if (!address) return address.error();
  endpoint = tcp::endpoint(*address, options.port);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return Error(ErrorCode::unavailable, "Cannot listen on " + options.address + ":" +
                                             std::to_string(options.port) + ": " + error.message() +
                                             ".");
  }
  endpoint = acceptor.local_endpoint();
  return {};
}

Result<void> HttpServer::Impl::run() {
  asio::co_spawn(acceptor.get_executor(), accept_all(), asio::detached);
  try {
    for (unsigned i = 0; i < options.threads; ++i) {
      threads.emplace_back([this] { run_loop(context); });
    }
  } catch (const std::system_error& error) {
    stop();
    return Error(ErrorCode::unavailable, std::string("Cannot start threads: ") + error.what());
  }
  return {};
}

asio::awaitable<void> HttpServer::Impl::accept_all() {
  asio::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    tcp::socket socket(asio::make_strand(context));
    error_code error;
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) break;
    if (error) {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    const Place place = registry.enter();
    if (place.id == 0) continue;
    // Answers are written whole: there is nothing to gain from waiting for more bytes.
    socket.set_option(tcp::no_delay(true), error);
    // The wait for a client's end asks the socket without blocking.
    socket.non_blocking(true, error);
    try {
      serve_connection(std::move(socket), place, settings);
    } catch (const std::exception&) {
      // Out of memory: this connection is given up, and others may still be served.
      registry.leave(place.id);
    }
  }
}

void HttpServer::Impl::stop() {
  const std::lock_guard lock(stop_mutex);
  if (threads.empty()) return;
  asio::post(acceptor.get_executor(), [this] {
    error_code ignored;
    acceptor.close(ignored);
  });
  registry.stop_all();
  if (!registry.wait_until_empty(options.drain_timeout)) registry.abort_all();
  work.reset();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(api::RequestHandler& handler,
                                                      Options options) {
  auto impl = std::make_unique<Impl>(handler, std::move(options));
  if (const auto listening = impl->listen(); !listening) return listening.error();
  if (const auto running = impl->run(); !running) return running.error();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const noexcept { return impl_->endpoint.port(); }

std::string HttpServer::url() const {
  const auto address = impl_->endpoint.address();
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return "http://" + host + ":" + std::to_string(port());
}

void HttpServer::stop() { impl_->stop(); }

}  // namespace syncline::http
