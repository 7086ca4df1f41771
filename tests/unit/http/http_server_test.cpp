#include "http/http_server.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "support/raw_socket.hpp"
#include "support/results.hpp"
#include "syncline/transport.hpp"

namespace syncline {

namespace {

using namespace std::chrono_literals;
using test::RawSocket;

/// Answers by path: "/echo" repeats the body, "/throw" throws, "/wait" waits for the tenant's log,
/// "/block" does not return before it is let go.
class ToyHandler final : public api::RequestHandler {
 public:
  ToyHandler() : tenant(*tenants_.create("toy", "unlimited")) {}

  api::Reply handle(const HttpRequest& request, const api::RequestContext& context) override {
    if (request.target == "/throw") throw std::runtime_error("a secret");
    if (request.target == "/wait") return wait_for(tenant->replica().log().last_lsn());
    if (request.target == "/block") block();
    HttpResponse response;
    response.headers["X-Method"] = request.method;
    response.headers["X-Connection"] = std::to_string(context.connection);
    response.body = request.body;
    return response;
  }

  void connection_closed(std::uint64_t) override {
    const std::lock_guard lock(mutex_);
    ++closed_;
    changed_.notify_all();
  }

  void wait_until_waiting(unsigned count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, 20s, [&] { return waiting_ + blocked_ >= count; }));
  }
  void wait_until_closed(unsigned count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, 20s, [&] { return closed_ >= count; }));
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  TenantManager tenants_;

 public:
  const std::shared_ptr<Tenant> tenant;

 private:
  api::Reply wait_for(Lsn seen) {
    {
      const std::lock_guard lock(mutex_);
      ++waiting_;
      changed_.notify_all();
    }
    api::Wait wait;
    wait.tenant = tenant;
    wait.seen = seen;
    wait.timeout = 60s;
    wait.resume = [this, seen](bool last) -> api::Reply {
      HttpResponse response;
      response.body = last ? "last" : std::to_string(tenant->replica().log().last_lsn() - seen);
      return response;
    };
    return wait;
  }
  void block() {
    std::unique_lock lock(mutex_);
    ++blocked_;
    changed_.notify_all();
    changed_.wait_for(lock, 20s, [&] { return released_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned waiting_ = 0;
  unsigned blocked_ = 0;
  unsigned closed_ = 0;
  bool released_ = false;
};

http::HttpServer::Options test_options() {
  http::HttpServer::Options options;
  options.address = "127.0.0.1";
  options.max_connections = 8;
  options.max_body_bytes = 100'000;
  options.idle_timeout = 60s;
  options.request_timeout = 20s;
  options.drain_timeout = 20s;
  options.clock = &system_clock();
  return options;
}

struct Fixture {
  explicit Fixture(http::HttpServer::Options options = test_options()) {
    auto started = http::HttpServer::start(handler, std::move(options));
    REQUIRE(started);
    server = std::move(*started);
  }
  std::unique_ptr<Transport> connect() const {
    HttpTransportOptions options;
    options.url = server->url();
    return *make_http_transport(options);
  }
  std::string raw(std::string_view bytes) const {
    RawSocket socket(server->port());
    socket.send(bytes);
    return socket.receive_all();
  }

  ToyHandler handler;
  std::unique_ptr<http::HttpServer> server;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("http server") {
  TEST_CASE("stop closes quiet connections, ends waits, lets work finish, and can be repeated") {
    Fixture fixture;
    RawSocket quiet(fixture.server->port());
    auto waiting = fixture.connect();
    auto working = fixture.connect();
    std::string waited;
    std::string worked;
    std::thread waiter([&] { waited = waiting->send({"GET", "/wait", {}, {}})->body; });
    std::thread worker([&] { worked = working->send({"POST", "/block", {}, "done"})->body; });
    fixture.handler.wait_until_waiting(2);
    std::thread stopper([&] { fixture.server->stop(); });
    waiter.join();
    CHECK(waited == "last");
    CHECK(quiet.receive_all().empty());
    fixture.handler.let_go();
    worker.join();
    stopper.join();
    CHECK(worked == "done");
    fixture.server->stop();
    CHECK_FALSE(RawSocket(fixture.server->port()).send("GET / HTTP/1.1\r\n\r\n"));
    CHECK_FALSE(fixture.connect()->send({"GET", "/", {}, {}}));
  }

  TEST_CASE("a request that does not end is cut off after the drain timeout") {
    auto options = test_options();
    options.drain_timeout = 1ms;
    Fixture fixture(options);
    RawSocket half(fixture.server->port());
    CHECK(
        half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: "
                  "100-continue\r\n\r\n"));
    CHECK(has(half.receive_until("\r\n\r\n"), "100 Continue"));
    fixture.server->stop();
    CHECK(half.receive_all().empty());
  }

  TEST_CASE("starts and stops a hundred times") {
    for (int i = 0; i < 100; ++i) {
      Fixture fixture;
      if (i % 2 == 0) CHECK(fixture.connect()->send({"GET", "/", {}, {}})->status == 200);
      if (i % 3 == 0) fixture.server->stop();
    }
  }

  TEST_CASE("a connection is kept and serves many requests") {
    Fixture fixture;
    auto transport = fixture.connect();
    for (int i = 0; i < 50; ++i) {
      const auto response = transport->send({"POST", "/echo", {}, std::string(2000, 'x')});
      REQUIRE(response);
      CHECK(response->body.size() == 2000);
      CHECK(response->headers.at("X-Connection") == "1");
    }
    CHECK(transport->statistics().requests == 50);
    CHECK(transport->statistics().body_bytes_sent == 50 * 2000);
    CHECK(transport->statistics().body_bytes_received == 50 * 2000);
  }

  TEST_CASE("requests that were sent together are answered in order") {
    Fixture fixture;
    const auto answer = fixture.raw(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntwo");
    CHECK(answer.find("one") < answer.find("two"));
    CHECK(has(answer, "two"));
    CHECK(has(answer, "Connection: close"));
  }

  TEST_CASE("a long poll wakes when the log grows") {
    Fixture fixture;
    auto transport = fixture.connect();
    std::string body;
    std::thread waiter([&] { body = transport->send({"GET", "/wait", {}, {}})->body; });
    fixture.handler.wait_until_waiting(1);
    REQUIRE(fixture.handler.tenant->replica().put("t", "1", Payload::json("1")));
    waiter.join();
    CHECK(body == "1");
  }

  TEST_CASE("a client that goes away while it waits frees its connection") {
    Fixture fixture;
    {
      RawSocket socket(fixture.server->port());
      socket.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
      fixture.handler.wait_until_waiting(1);
    }
    fixture.handler.wait_until_closed(1);
  }

  TEST_CASE("what a handler throws becomes a 500 that does not repeat it") {
    std::mutex mutex;
    std::condition_variable logged;
    std::string failure;
    auto options = test_options();
    options.access_log = [&](const AccessLogLine& line) {
      const std::lock_guard lock(mutex);
      failure = line.failure;
      logged.notify_all();
    };
    Fixture fixture(options);
    const auto response = fixture.connect()->send({"GET", "/throw", {}, {}});
    REQUIRE(response);
    CHECK(response->status == 500);
    CHECK(has(response->body, "\"internal\""));
    CHECK_FALSE(has(response->body, "secret"));
    std::unique_lock lock(mutex);
    CHECK(logged.wait_for(lock, 20s, [&] { return failure == "a secret"; }));
  }

  TEST_CASE("every answer has a request id, the caller's if it is plain") {
    Fixture fixture;
    auto transport = fixture.connect();
    CHECK(transport->send({"GET", "/", {{"X-Request-ID", "abc-1"}}, {}})
              ->headers.at("X-Request-ID") == "abc-1");
    const auto first = transport->send({"GET", "/", {}, {}})->headers.at("X-Request-ID");
    const auto second = transport->send({"GET", "/", {}, {}})->headers.at("X-Request-ID");
    CHECK_FALSE(first.empty());
    CHECK(first != second);
    CHECK(transport->send({"GET", "/", {{"X-Request-ID", std::string(500, 'a')}}, {}})
              ->headers.at("X-Request-ID")
              .size() < 128);
    CHECK(has(fixture.raw("nonsense\r\n\r\n"), "X-Request-ID: "));
  }

  TEST_CASE("HEAD has the head of GET and no body") {
    Fixture fixture;
    const auto answer = fixture.raw(
        "HEAD /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    CHECK(has(answer, "Content-Length: 3"));
    CHECK(has(answer, "X-Method: GET"));
    CHECK(answer.ends_with("\r\n\r\n"));
  }

  TEST_CASE("bytes that are no HTTP are answered 400, or not at all, and harm nobody") {
    Fixture fixture;
    CHECK(has(fixture.raw("this is not http\r\n\r\n"), "400 Bad Request"));
    CHECK(has(fixture.raw("GET / HTTP/9.9\r\n\r\n"), "application/problem+json"));
    CHECK(has(fixture.raw(std::string("\0\1\2\3\xff\xfe garbage \r\n\r\n", 18)), "400"));
    CHECK(has(fixture.raw("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), "400"));
    CHECK(has(fixture.raw("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "400"));
    CHECK(fixture.connect()->send({"GET", "/", {}, {}})->status == 200);
  }

  TEST_CASE("limits of head and body are told") {
    Fixture fixture;
    const auto body = fixture.connect()->send({"POST", "/echo", {}, std::string(100'001, 'x')});
    REQUIRE(body);
    CHECK(body->status == 413);
    CHECK(has(body->body, "\"limit\":100000"));
    CHECK(fixture.connect()->send({"POST", "/echo", {}, std::string(100'000, 'x')})->status == 200);
    const auto head = fixture.raw("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
    CHECK(has(head, "413"));
    std::string chunks = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 11; ++i) chunks += "2710\r\n" + std::string(10'000, 'x') + "\r\n";
    CHECK(has(fixture.raw(chunks + "0\r\n\r\n"), "413"));
  }

  TEST_CASE("Expect: 100-continue is answered before the body comes, or with a refusal") {
    Fixture fixture;
    RawSocket socket(fixture.server->port());
    socket.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(has(socket.receive_until("\r\n\r\n"), "100 Continue"));
    socket.send("ok");
    CHECK(has(socket.receive_until("ok"), "200 OK"));
    CHECK(has(fixture.raw("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                          "Content-Length: 2000000\r\n\r\n"),
              "413"));
  }

  TEST_CASE("connections beyond the limit are told to come back") {
    auto options = test_options();
    options.max_connections = 1;
    Fixture fixture(options);
    auto first = fixture.connect();
    CHECK(first->send({"GET", "/", {}, {}})->status == 200);
    const auto refused = fixture.connect()->send({"GET", "/", {}, {}});
    REQUIRE(refused);
    CHECK(refused->status == 503);
    CHECK(refused->headers.contains("Retry-After"));
    first.reset();
    fixture.handler.wait_until_closed(2);
    CHECK(fixture.connect()->send({"GET", "/", {}, {}})->status == 200);
  }

  TEST_CASE("idle connections are closed, and the client opens another") {
    auto options = test_options();
    options.idle_timeout = 1ms;
    Fixture fixture(options);
    auto transport = fixture.connect();
    CHECK(transport->send({"GET", "/", {}, {}})->status == 200);
    fixture.handler.wait_until_closed(1);
    const auto again = transport->send({"GET", "/", {}, {}});
    REQUIRE(again);
    CHECK(again->headers.at("X-Connection") == "2");
  }

  TEST_CASE("only loopback addresses are listened on, and a used port is told") {
    ToyHandler handler;
    auto options = test_options();
    for (const char* address : {"0.0.0.0", "192.0.2.1", "::", "nonsense", ""}) {
      options.address = address;
      const auto started = http::HttpServer::start(handler, options);
      REQUIRE_FALSE(started);
      CHECK(started.error().code == ErrorCode::bad_request);
    }
    const Fixture fixture;
    options.address = "127.0.0.1";
    options.port = fixture.server->port();
    const auto taken = http::HttpServer::start(handler, options);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == ErrorCode::unavailable);
    CHECK(has(taken.error().detail, std::to_string(options.port)));
  }
}

}  // namespace syncline
