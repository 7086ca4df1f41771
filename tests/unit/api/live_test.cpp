#include <doctest/doctest.h>

#include "api_fixture.hpp"
#include "sync/live_frames.hpp"

namespace syncline::test {
namespace {

Headers upgrade_headers() {
  return {{"Connection", "keep-alive, upgrade"},
          {"Upgrade", "WebSocket"},
          {"Sec-WebSocket-Version", "13"},
          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
          {"Sec-WebSocket-Protocol", "chat, syncline.v1"}};
}

HttpRequest live_request(Headers headers = upgrade_headers()) {
  return {"GET", "/v1/tenants/acme/sync/live", std::move(headers), {}};
}

api::Upgrade upgrade_of(ApiFixture& api) {
  api::Reply reply = api.ask(live_request());
  REQUIRE(std::holds_alternative<api::Upgrade>(reply));
  return std::get<api::Upgrade>(std::move(reply));
}

/// What the session answers to a heartbeat before anything else.
Error answer_of(api::Upgrade& upgrade) {
  upgrade.session->on_message(write_live_message({1, HeartbeatRequest{}}, BodyFormat::json));
  const auto message = upgrade.session->next_message();
  REQUIRE(message);
  const auto frame = read_live_message(*message);
  REQUIRE(frame);
  REQUIRE(std::holds_alternative<LiveError>(frame->body));
  return std::get<LiveError>(frame->body).error;
}

}  // namespace

TEST_CASE("a request for live synchronisation in the right form is taken up") {
  ApiFixture api;
  auto upgrade = upgrade_of(api);
  CHECK(upgrade.subprotocol == "syncline.v1");
  CHECK(upgrade.tenant->id() == "acme");
  CHECK(answer_of(upgrade).code == ErrorCode::peer_stale);
}

TEST_CASE("who does not ask for a WebSocket is told to") {
  ApiFixture api;
  for (const char* const name : {"Connection", "Upgrade", "Sec-WebSocket-Version"}) {
    CAPTURE(name);
    Headers headers = upgrade_headers();
    headers.erase(name);
    const auto response = api.send(live_request(headers));
    CHECK(response.status == 426);
    CHECK(response.headers.at("Upgrade") == "websocket");
    CHECK(response.headers.at("Sec-WebSocket-Version") == "13");
    const auto body = nlohmann::json::parse(response.body);
    CHECK(body["status"] == 426);
    CHECK(body["code"] == "protocol_unsupported");
    CHECK(body["supported"] == nlohmann::json::array({"syncline.v1"}));
  }
}

TEST_CASE("a handshake that is wrong is refused with the reason") {
  ApiFixture api;
  for (const char* const wrong : {"syncline.v2", "", "syncline.v1x"}) {
    Headers headers = upgrade_headers();
    headers["Sec-WebSocket-Protocol"] = wrong;
    const auto response = api.send(live_request(headers));
    CHECK(response.status == 400);
    CHECK(response.body.find("syncline.v1") != std::string::npos);
  }
  Headers headers = upgrade_headers();
  headers.erase("Sec-WebSocket-Key");
  CHECK(api.send(live_request(headers)).status == 400);
  HttpRequest elsewhere = live_request();
  elsewhere.target = "/v1/tenants/nobody/sync/live";
  CHECK(api.send(elsewhere).status == 404);
  elsewhere.target = "/v1/tenants/acme/sync/live?x=1";
  CHECK(api.send(elsewhere).status == 400);
  elsewhere.method = "POST";
  CHECK(api.send(elsewhere).status == 405);
  api.stopping = true;
  CHECK(api.send(live_request()).status == 503);
}

TEST_CASE("frames count against the plan as requests do, and end with the tenant") {
  ApiFixture api("lww", "pro");
  auto upgrade = upgrade_of(api);
  const auto rate = (*api.tenants.get("acme"))->plan().requests_per_second;
  REQUIRE(rate > 1);
  // The handshake was the first request.
  for (std::uint64_t i = 1; i < rate; ++i) {
    REQUIRE(answer_of(upgrade).code == ErrorCode::peer_stale);
  }
  const Error limited = answer_of(upgrade);
  CHECK(limited.code == ErrorCode::rate_limited);
  CHECK(limited.number("retry_after_s") > 0);
  api.clock.advance_us(1'000'000);
  CHECK(answer_of(upgrade).code == ErrorCode::peer_stale);
  REQUIRE(api.tenants.remove("acme"));
  CHECK(answer_of(upgrade).code == ErrorCode::tenant_not_found);
  CHECK(upgrade.session->closing());
}

}  // namespace syncline::test
