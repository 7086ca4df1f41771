#include <atomic>
#include <thread>

#include "api/api.hpp"
#include "function_server.hpp"

namespace syncline {

namespace {

using namespace std::chrono_literals;
using test::FunctionServer;
using test::RawSocket;

/// The API of one tenant, on real sockets.
class FeedServer {
 public:
  explicit FeedServer(std::chrono::milliseconds idle_timeout = 60s)
      : tenant(*tenants_.create("acme", "unlimited")),
        server(
            [this](const HttpRequest& request, const api::RequestContext& context) {
              return counted(api_.handle(request, context));
            },
            idle_timeout) {}

  void put(const std::string& row_id, const std::string& json = "1") const {
    REQUIRE(tenant->replica().put("t", row_id, Payload::json(json)));
  }
  static std::string request(const std::string& query, const std::string& headers = {},
                             const char* version = "1.1", const char* method = "GET") {
    return std::string(method) + " /v1/tenants/acme/changes?" + query + " HTTP/" + version +
           "\r\nHost: a\r\n" + headers + "\r\n";
  }

 private:
  /// Passes a stream on and notes what it gave.
  class Counting final : public api::StreamSource {
   public:
    Counting(std::unique_ptr<api::StreamSource> source, std::atomic<std::size_t>& bytes)
        : source_(std::move(source)), bytes_(bytes) {}
    api::StreamStep next(std::chrono::steady_clock::time_point now) override {
      auto step = source_->next(now);
      if (const auto* const text = std::get_if<std::string>(&step)) bytes_ += text->size();
      return step;
    }

   private:
    const std::unique_ptr<api::StreamSource> source_;
    std::atomic<std::size_t>& bytes_;
  };

  api::Reply counted(api::Reply reply) {
    if (auto* const stream = std::get_if<api::Stream>(&reply)) {
      stream->source = std::make_unique<Counting>(std::move(stream->source), produced);
    }
    return reply;
  }

  TenantManager tenants_;
  api::Api api_{tenants_, system_clock()};

 public:
  std::atomic<std::size_t> produced{0};
  const std::shared_ptr<Tenant> tenant;
  FunctionServer server;
};

/// A stream of the pieces that a test gives, then of its failure or its end.
class Scripted final : public api::StreamSource {
 public:
  Scripted(std::vector<std::string> pieces, bool fails)
      : pieces_(std::move(pieces)), fails_(fails) {}
  api::StreamStep next(std::chrono::steady_clock::time_point) override {
    if (at_ < pieces_.size()) return pieces_[at_++];
    if (fails_) throw std::runtime_error("a secret");
    return api::StreamEnd{};
  }

 private:
  const std::vector<std::string> pieces_;
  const bool fails_;
  std::size_t at_ = 0;
};

FunctionServer::Function scripted(std::vector<std::string> pieces, bool fails = false) {
  return [pieces = std::move(pieces), fails](const HttpRequest&,
                                             const api::RequestContext&) -> api::Reply {
    api::Stream stream;
    stream.head.headers["Content-Type"] = "text/plain";
    stream.source = std::make_unique<Scripted>(pieces, fails);
    return stream;
  };
}

/// The value of the last complete `id:` line.
std::string last_id(const std::string& text) {
  const std::size_t end = text.rfind("\n\n");
  const std::size_t begin = text.rfind("id: ", end) + 4;
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_SUITE("streams") {
  TEST_CASE("a stream is chunked, ends, and leaves the connection for more") {
    FunctionServer server(scripted({"one ", "", "and two"}));
    RawSocket socket(server.port());
    for (int i = 0; i < 2; ++i) {
      socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const std::string answer = socket.receive_until("0\r\n\r\n");
      CHECK(answer.find("Transfer-Encoding: chunked") != std::string::npos);
      CHECK(answer.find("Content-Length") == std::string::npos);
      CHECK(answer.find("X-Request-ID: ") != std::string::npos);
      CHECK(answer.ends_with("\r\n\r\n4\r\none \r\n7\r\nand two\r\n0\r\n\r\n"));
      const AccessLogLine line = server.logged(static_cast<std::size_t>(i) + 1);
      CHECK(line.status == 200);
      CHECK(line.bytes_out == answer.size());
    }
    CHECK(server.connect()->send({"GET", "/", {}, {}})->body == "one and two");
  }

  TEST_CASE("for HTTP/1.0 the end of the connection is the end of the stream") {
    FunctionServer server(scripted({"one ", "and two"}));
    const auto answer = server.raw("GET / HTTP/1.0\r\n\r\n");
    CHECK(answer.find("chunked") == std::string::npos);
    CHECK(answer.ends_with("\r\n\r\none and two"));
  }

  TEST_CASE("HEAD has the head of a stream and does not begin it") {
    FeedServer feed;
    const auto answer =
        feed.server.raw(FeedServer::request("feed=sse", "Connection: close\r\n", "1.1", "HEAD"));
    CHECK(answer.find("text/event-stream") != std::string::npos);
    CHECK(answer.ends_with("\r\n\r\n"));
    CHECK(feed.produced == 0);
  }

  TEST_CASE("a source that fails cuts the stream, so that nobody takes it for the whole") {
    FunctionServer server(scripted({"one"}, true));
    const auto answer = server.raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(answer.ends_with("3\r\none\r\n"));
    CHECK(answer.find("secret") == std::string::npos);
    CHECK(server.logged(1).failure == "a secret");
    CHECK(server.connect()->send({"GET", "/", {}, {}}).has_error());
  }

  TEST_CASE("changes come as they are written") {
    FeedServer feed;
    RawSocket socket(feed.server.port());
    socket.send(FeedServer::request("feed=sse"));
    const auto head = socket.receive_until("id: ");
    CHECK(head.find("Content-Type: text/event-stream") != std::string::npos);
    for (const char* row_id : {"first", "second"}) {
      feed.put(row_id);
      CHECK(socket.receive_until("\n\n\r\n").find(row_id) != std::string::npos);
    }
  }

  TEST_CASE("a heartbeat comes when nothing else does") {
    FeedServer feed;
    RawSocket socket(feed.server.port());
    socket.send(FeedServer::request("feed=ndjson&heartbeat_ms=1000"));
    socket.receive_until("}\n");
    CHECK(socket.receive_until("}\n").find("\"heartbeat\":true") != std::string::npos);
  }

  TEST_CASE("a reader that takes nothing makes nothing pile up, and is cut off") {
    FeedServer feed(300ms);
    const std::string large = '"' + std::string(100'000, 'x') + '"';
    for (int i = 0; i < 600; ++i) feed.put(std::to_string(i), large);
    RawSocket socket(feed.server.port());
    socket.send(FeedServer::request("feed=sse"));
    feed.server.wait_until_closed(1);
    // Of 60 MB, what fits into the buffers of two sockets and one piece.
    CHECK(feed.produced > 0);
    CHECK(feed.produced < 20'000'000);
  }

  TEST_CASE("a reader that is cut off again and again resumes with nothing lost or doubled") {
    FeedServer feed;
    for (int i = 0; i < 501; ++i) feed.put(std::to_string(i), '"' + std::string(2000, 'x') + '"');
    std::string id;
    std::uint64_t next = 1;
    unsigned connections = 0;
    while (next <= 500) {
      ++connections;
      REQUIRE(connections < 600);
      RawSocket socket(feed.server.port());
      const std::string resume = id.empty() ? "" : "Last-Event-ID: " + id + "\r\n";
      socket.send(FeedServer::request("feed=sse&limit=7", resume, "1.0"));
      // Cut somewhere within an event.
      const std::string wanted =
          "\"lsn\":" + std::to_string(std::min<std::uint64_t>(next + 37, 501));
      const std::string text = socket.receive_until(wanted);
      const std::size_t whole = text.rfind("\n\n") + 2;
      for (std::size_t at = text.find("data: "); at < whole; at = text.find("data: ", at + 1)) {
        const std::size_t end = text.find('\n', at);
        const auto change = nlohmann::json::parse(text.substr(at + 6, end - at - 6));
        CHECK(change["lsn"] == next++);
      }
      id = last_id(text);
    }
    CHECK(next > 500);
    CHECK(connections > 5);
  }

  TEST_CASE("a client that goes away while nothing comes frees its connection") {
    FeedServer feed;
    {
      RawSocket socket(feed.server.port());
      socket.send(FeedServer::request("feed=sse"));
      CHECK_FALSE(socket.receive_until("\n\n").empty());
    }
    feed.server.wait_until_closed(1);
    CHECK(feed.server.logged(1).status == 200);
  }

  TEST_CASE("stop ends streams at once: those that wait properly, those that hang by cutting") {
    FeedServer feed;
    const std::string large = '"' + std::string(100'000, 'x') + '"';
    for (int i = 0; i < 300; ++i) feed.put(std::to_string(i), large);
    RawSocket waiting(feed.server.port());
    waiting.send(FeedServer::request("feed=sse&since=now"));
    CHECK_FALSE(waiting.receive_until("\n\n").empty());
    RawSocket hanging(feed.server.port());
    hanging.send(FeedServer::request("feed=sse"));
    CHECK_FALSE(hanging.receive_until("\n\n").empty());
    const auto begun = std::chrono::steady_clock::now();
    feed.server.stop();
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
    CHECK(waiting.receive_all().ends_with("0\r\n\r\n"));
    CHECK_FALSE(hanging.receive_all().ends_with("0\r\n\r\n"));
  }
}

}  // namespace syncline
