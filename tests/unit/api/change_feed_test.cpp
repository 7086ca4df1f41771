#include <sstream>

#include "api_fixture.hpp"

namespace syncline {

using test::ApiFixture;
using test::code_of;
using test::json_of;

namespace {

using namespace std::chrono_literals;
using TimePoint = std::chrono::steady_clock::time_point;

/// A stream whose time stands still unless it is told otherwise.
class Following {
 public:
  Following(ApiFixture& api, const std::string& query, Headers headers = {}) {
    auto reply = api.ask({"GET", "/v1/tenants/acme/changes?" + query, std::move(headers), {}});
    REQUIRE(std::holds_alternative<api::Stream>(reply));
    stream_ = std::get<api::Stream>(std::move(reply));
  }

  api::StreamStep next() { return stream_.source->next(now); }
  /// The next piece; there has to be one.
  std::string piece() {
    auto step = next();
    REQUIRE(std::holds_alternative<std::string>(step));
    return std::get<std::string>(std::move(step));
  }
  /// All up to the first pause.
  std::string all() {
    std::string text;
    auto step = next();
    for (; std::holds_alternative<std::string>(step); step = next()) {
      text += std::get<std::string>(step);
    }
    CHECK(std::holds_alternative<api::StreamPause>(step));
    return text;
  }
  bool at_end() { return std::holds_alternative<api::StreamEnd>(next()); }
  const HttpResponse& head() const { return stream_.head; }

  TimePoint now{100h};

 private:
  api::Stream stream_;
};

std::vector<nlohmann::json> lines(const std::string& text) {
  std::vector<nlohmann::json> parsed;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) parsed.push_back(nlohmann::json::parse(line));
  return parsed;
}

/// What an EventSource makes of a stream: the rules of the HTML standard, 9.2.6.
struct Events {
  struct Event {
    std::string type;
    nlohmann::json data;
    std::string id;
  };
  std::vector<Event> events;
  std::string last_id;
  std::string retry;
  int comments = 0;

  void take(const std::string& text) {
    std::string type;
    std::string data;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      const std::size_t colon = line.find(':');
      const std::string value = line.substr(std::min(line.size(), colon + 2));
      if (line.starts_with(':')) ++comments;
      if (line.starts_with("id:")) last_id = value;
      if (line.starts_with("retry:")) retry = value;
      if (line.starts_with("event:")) type = value;
      if (line.starts_with("data:")) data += value;
      if (!line.empty()) continue;
      if (!data.empty()) events.push_back({type, nlohmann::json::parse(data), last_id});
      type.clear();
      data.clear();
    }
  }
};

void put_many(ApiFixture& api, int count, const std::string& table = "t") {
  for (int i = 0; i < count; ++i) api.put("rows/" + table + "/" + std::to_string(i), "1");
}

}  // namespace

TEST_SUITE("change feed") {
  TEST_CASE("server-sent events carry a change each, and its cursor as id") {
    ApiFixture api;
    put_many(api, 3);
    Following stream(api, "feed=sse");
    CHECK(stream.head().status == 200);
    CHECK(stream.head().headers.at("Content-Type") == "text/event-stream");
    CHECK(stream.head().headers.at("Cache-Control") == "no-store");
    Events seen;
    seen.take(stream.all());
    CHECK(seen.retry == "2000");
    REQUIRE(seen.events.size() == 3);
    for (std::uint64_t i = 0; i < 3; ++i) {
      CHECK(seen.events[i].type == "change");
      CHECK(seen.events[i].data["lsn"] == i + 1);
    }
    const auto rest = json_of(api.get("changes?since=" + seen.events[1].id));
    REQUIRE(rest["changes"].size() == 1);
    CHECK(rest["changes"][0] == seen.events[2].data);
    api.put("rows/t/late", "1");
    seen.take(stream.all());
    REQUIRE(seen.events.size() == 4);
    CHECK(seen.events[3].data["row_id"] == "late");
  }

  TEST_CASE("a pause waits behind what was read, until the heartbeat") {
    ApiFixture api;
    put_many(api, 2);
    Following stream(api, "feed=sse&tables=none&heartbeat_ms=5000");
    stream.all();
    const auto pause = std::get<api::StreamPause>(stream.next());
    CHECK(pause.seen == 2);
    CHECK(pause.until == stream.now + 5s);
  }

  TEST_CASE("Last-Event-ID resumes and wins over since") {
    ApiFixture api;
    put_many(api, 5);
    Following first(api, "feed=sse&limit=2");
    Events seen;
    seen.take(first.piece());
    REQUIRE(seen.events.size() == 2);
    Following second(api, "feed=sse&since=beginning", {{"Last-Event-ID", seen.last_id}});
    seen.take(second.all());
    REQUIRE(seen.events.size() == 5);
    for (std::uint64_t i = 0; i < 5; ++i) CHECK(seen.events[i].data["lsn"] == i + 1);
    CHECK(code_of(api.get("changes?feed=sse", {{"Last-Event-ID", "rubbish"}})) == "bad_request");
    // It is of streams only.
    CHECK(json_of(api.get("changes", {{"Last-Event-ID", seen.last_id}}))["changes"].size() == 5);
  }

  TEST_CASE("who begins at now and is cut off before the first change misses nothing") {
    ApiFixture api;
    put_many(api, 2);
    Following first(api, "feed=sse&since=now");
    Events seen;
    seen.take(first.all());
    CHECK(seen.events.empty());
    REQUIRE_FALSE(seen.last_id.empty());
    api.put("rows/t/between", "1");
    Following second(api, "feed=sse&since=now", {{"Last-Event-ID", seen.last_id}});
    seen.take(second.all());
    REQUIRE(seen.events.size() == 1);
    CHECK(seen.events[0].data["row_id"] == "between");
  }

  TEST_CASE("a filter that lets nothing through moves the id with the heartbeats") {
    ApiFixture api;
    Following stream(api, "feed=sse&tables=none&heartbeat_ms=1000");
    Events seen;
    seen.take(stream.all());
    const std::string begin = seen.last_id;
    put_many(api, 4);
    seen.take(stream.all());
    CHECK(seen.last_id == begin);
    stream.now += 999ms;
    CHECK(stream.all().empty());
    stream.now += 1ms;
    seen.take(stream.all());
    CHECK(seen.comments == 1);
    CHECK(seen.events.empty());
    CHECK(seen.last_id != begin);
    CHECK(json_of(api.get("changes?since=" + seen.last_id))["changes"].empty());
    CHECK(stream.all().empty());
    // A change is a sign of life, too.
    stream.now += 900ms;
    api.put("rows/none/1", "1");
    CHECK_FALSE(stream.all().empty());
    stream.now += 900ms;
    CHECK(stream.all().empty());
  }

  TEST_CASE("one JSON object a line, each with its cursor") {
    ApiFixture api;
    put_many(api, 2);
    Following stream(api, "feed=ndjson&heartbeat_ms=1000");
    CHECK(stream.head().headers.at("Content-Type") == "application/x-ndjson");
    const auto seen = lines(stream.all());
    REQUIRE(seen.size() == 3);
    CHECK(seen[0]["heartbeat"] == true);
    CHECK(seen[0]["lsn"] == 2);
    CHECK(seen[1]["row_id"] == "0");
    CHECK(seen[2]["lsn"] == 2);
    const auto rest =
        json_of(api.get("changes?since=" + seen[1]["cursor"].get<std::string>()))["changes"];
    REQUIRE(rest.size() == 1);
    CHECK(rest[0]["lsn"] == 2);
    stream.now += 1s;
    const auto beat = lines(stream.all());
    REQUIRE(beat.size() == 1);
    CHECK(beat[0] ==
          nlohmann::json{{"heartbeat", true}, {"cursor", seen[2]["cursor"]}, {"lsn", 2}});
  }

  TEST_CASE("line breaks within a payload do not break lines") {
    ApiFixture api;
    const std::string pretty = "{\n  \"a\":\r\n [1,\n2],\"b\":\"x\\ny\"}";
    CHECK(api.put("rows/t/1", pretty).status == 201);
    for (const char* feed : {"sse", "ndjson"}) {
      Following stream(api, std::string("include=before&feed=") + feed);
      const std::string text = stream.all();
      nlohmann::json change;
      if (text.starts_with('{')) {
        change = lines(text).at(1);
      } else {
        Events seen;
        seen.take(text);
        change = seen.events.at(0).data;
      }
      CHECK(change["data"] == nlohmann::json::parse(pretty));
    }
    const auto exact = lines(Following(api, "feed=ndjson&payload=base64").all());
    CHECK(from_base64(exact.at(1)["data_base64"].get<std::string>()).value() == pretty);
  }

  TEST_CASE("filters, before images and conflicts are as in a page") {
    ApiFixture api;
    put_many(api, 2, "a");
    api.put("rows/a/0", "2");
    put_many(api, 2, "b");
    api.write_elsewhere(*NodeId::parse("6f1d0000-0000-4000-8000-000000000001"), 1, "x", "1");
    for (const std::string query :
         {"tables=a", "exclude_tables=a", "operations=update", "tables=a&row_id=0",
          "include=before,conflicts", "limit=1", "since=lsn:3"}) {
      auto seen = lines(Following(api, "feed=ndjson&" + query).all());
      seen.erase(seen.begin());
      for (auto& change : seen) change.erase("cursor");
      nlohmann::json expected = nlohmann::json::array();
      std::string since = query.starts_with("since") ? "" : "&since=beginning";
      for (bool more = true; more;) {
        const auto page = json_of(api.get("changes?" + query + since));
        for (const auto& change : page["changes"]) expected.push_back(change);
        more = page["has_more"].get<bool>();
        since = "&since=" + page["cursor"].get<std::string>();
      }
      CHECK_MESSAGE(nlohmann::json(seen) == expected, query);
      CHECK(seen.size() > 0);
    }
  }

  TEST_CASE("a piece never cuts a transaction, whatever its size") {
    ApiFixture api;
    put_many(api, 1);
    std::string changes;
    const std::string large = '"' + std::string(400'000, 'x') + '"';
    for (int i = 0; i < 5; ++i) {
      changes += (i > 0 ? "," : "") + std::string(R"({"operation":"put","table":"t","row_id":")") +
                 std::to_string(i) + R"(","data":)" + large + "}";
    }
    REQUIRE(api.post("transactions", R"({"changes":[)" + changes + "]}").status == 200);
    // The same again, so that the images before are large as well.
    REQUIRE(api.post("transactions", R"({"changes":[)" + changes + "]}").status == 200);
    for (const char* query : {"feed=ndjson&limit=2", "feed=ndjson&include=before"}) {
      Following stream(api, query);
      std::size_t pieces = 0;
      for (auto step = stream.next(); std::holds_alternative<std::string>(step);
           step = stream.next(), ++pieces) {
        const auto last = lines(std::get<std::string>(step)).back();
        if (!last.contains("transaction") || last["transaction"].is_null()) continue;
        CHECK(last["transaction"]["index"] == 4);
      }
      CHECK(pieces >= 2);
    }
  }

  TEST_CASE("pieces are bounded, however long the log is") {
    ApiFixture api;
    const std::string large = '"' + std::string(100'000, 'x') + '"';
    for (int i = 0; i < 40; ++i) api.put("rows/t/" + std::to_string(i), large);
    Following stream(api, "feed=ndjson&limit=10000");
    for (auto step = stream.next(); std::holds_alternative<std::string>(step);
         step = stream.next()) {
      CHECK(std::get<std::string>(step).size() < 1'200'000);
    }
  }

  TEST_CASE("a log that is trimmed past a stream's place ends it with the problem") {
    ApiFixture api;
    put_many(api, 10);
    Following stream(api, "feed=ndjson&limit=1");
    stream.piece();
    for (int i = 0; i < 10'000; ++i) {
      REQUIRE(api.replica().put("t", std::to_string(i % 10), Payload::json("2")));
    }
    REQUIRE(api.post("log/trim", R"({"before_lsn":9000})").status == 200);
    const auto last = lines(stream.piece());
    REQUIRE(last.size() == 1);
    CHECK(last[0]["error"]["code"] == "cursor_trimmed");
    CHECK(last[0]["error"].contains("oldest_lsn"));
    CHECK(stream.at_end());
  }

  TEST_CASE("a tenant that is removed takes its streams along") {
    ApiFixture api;
    put_many(api, 3);
    Following sse(api, "feed=sse");
    Following ndjson(api, "feed=ndjson");
    sse.all();
    ndjson.all();
    REQUIRE(api.tenants.remove("acme"));
    Events seen;
    seen.take(sse.piece());
    REQUIRE(seen.events.size() == 1);
    CHECK(seen.events[0].type == "error");
    CHECK(seen.events[0].data["code"] == "tenant_not_found");
    CHECK(seen.events[0].data["status"] == 404);
    CHECK(sse.at_end());
    const auto last = lines(ndjson.piece());
    REQUIRE(last.size() == 1);
    CHECK(last[0]["error"]["code"] == "tenant_not_found");
    CHECK(ndjson.at_end());
    CHECK(ndjson.at_end());
  }

  TEST_CASE("what is wrong from the beginning is an ordinary answer") {
    ApiFixture api;
    ApiFixture other;
    put_many(api, 1);
    put_many(other, 1);
    const auto cursor = json_of(other.get("changes"))["cursor"].get<std::string>();
    CHECK(code_of(api.get("changes?feed=sse&since=" + cursor)) == "log_reset");
    CHECK(code_of(api.get("changes?feed=sse&wait_ms=5")) == "bad_request");
    CHECK(code_of(api.get("changes?feed=poll&heartbeat_ms=5000")) == "bad_request");
    CHECK(code_of(api.get("changes?feed=sse&heartbeat_ms=999")) == "bad_request");
    CHECK(code_of(api.get("changes?feed=sse&heartbeat_ms=60001")) == "bad_request");
  }

  TEST_CASE("Accept chooses a stream where feed is absent") {
    ApiFixture api;
    const auto type = [&](const char* accept, const char* query = "") {
      return Following(api, query, {{"Accept", accept}}).head().headers.at("Content-Type");
    };
    CHECK(type("text/event-stream") == "text/event-stream");
    CHECK(type("application/x-ndjson") == "application/x-ndjson");
    CHECK(type("application/x-ndjson, text/event-stream;q=0.5") == "application/x-ndjson");
    CHECK(type("text/event-stream, */*") == "text/event-stream");
    CHECK(type("text/event-stream, application/json;q=0.9") == "text/event-stream");
    CHECK(type("application/json", "feed=sse") == "text/event-stream");
    CHECK(type("text/event-stream", "feed=ndjson") == "application/x-ndjson");
    CHECK(api.get("changes", {{"Accept", "text/event-stream, application/json"}})
              .headers.at("Content-Type") == "application/json");
    const auto refused = api.get("changes?feed=sse", {{"Accept", "application/msgpack"}});
    CHECK(refused.status == 406);
    CHECK(json_of(refused)["supported"] ==
          nlohmann::json{"text/event-stream", "application/x-ndjson"});
    CHECK(api.get("changes?feed=poll", {{"Accept", "text/event-stream"}}).status == 406);
    CHECK(api.get("changes", {{"Accept", "text/html"}}).status == 406);
    CHECK(api.get("rows/t", {{"Accept", "text/event-stream"}}).status == 406);
  }
}

}  // namespace syncline
