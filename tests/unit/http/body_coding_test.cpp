#include <mutex>

#include "function_server.hpp"
#include "http/content_coding.hpp"

namespace syncline {

namespace {

using http::ContentCoding;
using test::FunctionServer;

/// What the handler saw of the last request.
struct Seen {
  std::mutex mutex;
  HttpRequest request;
};

FunctionServer::Function echo(Seen& seen) {
  return [&seen](const HttpRequest& request, const api::RequestContext&) -> api::Reply {
    const std::lock_guard lock(seen.mutex);
    seen.request = request;
    HttpResponse response;
    response.headers["Content-Type"] = "text/plain";
    response.body = request.body;
    if (request.target == "/nothing") response.status = 204;
    if (request.target == "/same") response.status = 304;
    return response;
  };
}

/// Neither asks for compression nor undoes it.
std::unique_ptr<Transport> plain(const FunctionServer& server) { return server.connect(false); }

const std::string text = [] {
  std::string words;
  for (int i = 0; i < 500; ++i) words += "word " + std::to_string(i) + " ";
  return words;
}();

}  // namespace

TEST_SUITE("body coding") {
  TEST_CASE("compressed requests reach the handler as what they stand for") {
    Seen seen;
    FunctionServer server(echo(seen));
    auto transport = plain(server);
    for (const auto& [name, coding] :
         {std::pair{"gzip", ContentCoding::gzip}, std::pair{"x-gzip", ContentCoding::gzip},
          std::pair{"zstd", ContentCoding::zstd}, std::pair{"identity", ContentCoding::identity}}) {
      const std::string body = http::compress(coding, text);
      const auto answer = transport->send({"POST", "/", {{"Content-Encoding", name}}, body});
      REQUIRE(answer);
      CHECK(answer->status == 200);
      CHECK(answer->body == text);
      CHECK(answer->headers.at("Accept-Encoding") == "zstd, gzip");
      CHECK_FALSE(seen.request.headers.contains("Content-Encoding"));
    }
    CHECK_FALSE(transport->send({"GET", "/", {}, {}})->headers.contains("Accept-Encoding"));
  }

  TEST_CASE("unknown codings are 415 and told which ones are known") {
    Seen seen;
    FunctionServer server(echo(seen));
    for (const char* name : {"br", "gzip, zstd", "nonsense"}) {
      const auto refused = plain(server)->send({"POST", "/", {{"Content-Encoding", name}}, "x"});
      REQUIRE(refused);
      CHECK(refused->status == 415);
      CHECK(refused->headers.at("Accept-Encoding") == "zstd, gzip");
      CHECK(refused->body.find(R"("supported":["zstd","gzip","identity"])") != std::string::npos);
    }
    CHECK(seen.request.method == HttpRequest{}.method);
    CHECK(seen.request.body.empty());
  }

  TEST_CASE("malformed bodies are 400, and bombs 413 with the limit") {
    Seen seen;
    FunctionServer server(echo(seen));
    auto transport = plain(server);
    const auto wrong = transport->send({"POST", "/", {{"Content-Encoding", "zstd"}}, "{}"});
    REQUIRE(wrong);
    CHECK(wrong->status == 400);
    CHECK(wrong->body.find("zstd") != std::string::npos);
    for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::zstd}) {
      const std::string name(to_string(coding));
      const auto send = [&](std::size_t bytes) {
        const std::string bomb = http::compress(coding, std::string(bytes, 'x'));
        return transport->send({"POST", "/", {{"Content-Encoding", name}}, bomb});
      };
      CHECK(send(100'000)->status == 200);
      const auto refused = send(100'001);
      REQUIRE(refused);
      CHECK(refused->status == 413);
      CHECK(refused->body.find("\"limit\":100000") != std::string::npos);
    }
  }

  TEST_CASE("answers are compressed for those who accept it, if it is worth it") {
    Seen seen;
    FunctionServer server(echo(seen));
    auto transport = plain(server);
    const auto ask = [&](const char* accepted, const std::string& body) {
      return *transport->send({"POST", "/", {{"Accept-Encoding", accepted}}, body});
    };
    const auto zstd = ask("gzip, zstd", text);
    CHECK(zstd.headers.at("Content-Encoding") == "zstd");
    CHECK(zstd.headers.at("Vary") == "Accept-Encoding");
    CHECK(*http::decompress(ContentCoding::zstd, zstd.body, 100'000) == text);
    const auto gzip = ask("gzip", text);
    CHECK(gzip.headers.at("Content-Encoding") == "gzip");
    CHECK(*http::decompress(ContentCoding::gzip, gzip.body, 100'000) == text);
    const auto none = ask("br", text);
    CHECK_FALSE(none.headers.contains("Content-Encoding"));
    CHECK(none.headers.at("Vary") == "Accept-Encoding");
    CHECK(none.body == text);
    const auto small = ask("gzip, zstd", "small");
    CHECK_FALSE(small.headers.contains("Content-Encoding"));
    CHECK_FALSE(small.headers.contains("Vary"));
    CHECK(small.body == "small");
  }

  TEST_CASE("answers without content are left alone, and HEAD has the head of GET") {
    Seen seen;
    FunctionServer server(echo(seen));
    for (const char* target : {"/nothing", "/same"}) {
      const auto answer = server.raw(std::string("GET ") + target +
                                     " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: zstd\r\n"
                                     "Connection: close\r\n\r\n");
      CHECK(answer.find("Content-Encoding") == std::string::npos);
      CHECK(answer.ends_with("\r\n\r\n"));
    }
    const auto head =
        server.raw("HEAD / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: zstd\r\nContent-Length: " +
                   std::to_string(text.size()) + "\r\nConnection: close\r\n\r\n" + text);
    const std::string packed = http::compress(ContentCoding::zstd, text);
    CHECK(head.find("Content-Length: " + std::to_string(packed.size())) != std::string::npos);
    CHECK(head.ends_with("\r\n\r\n"));
  }

  TEST_CASE("the client compresses once the server has said that it may") {
    Seen seen;
    FunctionServer server(echo(seen));
    auto transport = server.connect();
    CHECK(transport->send({"POST", "/", {}, text})->body == text);
    const auto first = transport->statistics();
    CHECK(first.bytes_sent > text.size());
    CHECK(first.bytes_received < text.size());
    const auto second = transport->send({"POST", "/", {}, text});
    REQUIRE(second);
    CHECK(second->body == text);
    CHECK_FALSE(second->headers.contains("Content-Encoding"));
    CHECK(transport->statistics().bytes_sent - first.bytes_sent < text.size());
    CHECK(transport->statistics().body_bytes_sent == 2 * text.size());
    CHECK(transport->statistics().body_bytes_received == 2 * text.size());
    // Too little to be worth it.
    CHECK(transport->send({"POST", "/", {}, "small"})->body == "small");
  }

  TEST_CASE("a client without compression neither sends it nor asks for it") {
    Seen seen;
    FunctionServer server(echo(seen));
    auto transport = plain(server);
    for (int i = 0; i < 2; ++i) CHECK(transport->send({"POST", "/", {}, text})->body == text);
    CHECK(transport->statistics().bytes_sent > 2 * text.size());
    CHECK(transport->statistics().bytes_received > 2 * text.size());
    CHECK_FALSE(seen.request.headers.contains("Accept-Encoding"));
  }

  TEST_CASE("after a 415 the client sends bodies as they are") {
    unsigned refusals = 0;
    FunctionServer server(
        [&](const HttpRequest& request, const api::RequestContext&) -> api::Reply {
          HttpResponse response;
          response.body = request.body;
          if (refusals > 0) --refusals, response.status = 415;
          return response;
        });
    auto transport = server.connect();
    const auto bytes_of_one = [&] {
      const auto before = transport->statistics().bytes_sent;
      CHECK(transport->send({"POST", "/", {}, text})->body == text);
      return transport->statistics().bytes_sent - before;
    };
    CHECK(bytes_of_one() > text.size());
    refusals = 2;
    CHECK(transport->send({"POST", "/", {}, text})->status == 415);
    CHECK(refusals == 0);  // it was tried both ways, so the coding is not what was wrong
    CHECK(bytes_of_one() < text.size());
    refusals = 1;  // as if something on the way could not read what the server can
    CHECK(bytes_of_one() > text.size());
    CHECK(bytes_of_one() > text.size());
  }

  TEST_CASE("answers that cannot be read are told as such") {
    std::string coding = "zstd";
    std::string body = "no zstd at all";
    FunctionServer server([&](const HttpRequest&, const api::RequestContext&) -> api::Reply {
      HttpResponse response;
      response.headers["Content-Encoding"] = coding;
      response.body = body;
      return response;
    });
    const auto failure = [&] {
      HttpTransportOptions options;
      options.url = "http://127.0.0.1:" + std::to_string(server.port());
      options.max_response_bytes = 5000;
      const auto answer = (*make_http_transport(options))->send({"GET", "/", {}, {}});
      REQUIRE(answer.has_error());
      CHECK(answer.error().code == ErrorCode::unavailable);
      return answer.error().detail;
    };
    CHECK(failure().find("zstd") != std::string::npos);
    body = http::compress(ContentCoding::zstd, std::string(5001, 'x'));
    CHECK(failure().find("5000") != std::string::npos);
    coding = "br";
    CHECK(failure().find("br") != std::string::npos);
  }
}

}  // namespace syncline
