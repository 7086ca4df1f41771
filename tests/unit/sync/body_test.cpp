#include "sync/body.hpp"

#include <random>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

using nlohmann::json;

constexpr const char* origin_text = "6f1d0000-0000-4000-8000-000000000001";

Change sample(Sequence seq, std::string data = "{\"a\": 1.50,  \"b\":\"\\u00e4\"}") {
  Change change;
  change.dot = {*NodeId::parse(origin_text), seq};
  change.hlc = HybridTime::from_us(1'700'000'000'000'000 + seq);
  change.operation = Operation::insert;
  change.table = "orders";
  change.row_id = "row/" + std::to_string(seq);
  change.format = PayloadFormat::json;
  change.data = std::move(data);
  return change;
}

json node_of(const Change& change) {
  const std::string record = encode_record(change);
  return record_node({reinterpret_cast<const std::uint8_t*>(record.data()), record.size()});
}

json batch() {
  return {{"changes", json::array({node_of(sample(1)), node_of(sample(2))})},
          {"lsns", {11, 12}},
          {"cursor", "abc"},
          {"has_more", true},
          {"half", 0.5},
          {"below", -3},
          {"nothing", nullptr}};
}

}  // namespace

TEST_CASE("a body with changes goes through both formats unchanged") {
  for (const BodyFormat format : {BodyFormat::json, BodyFormat::msgpack}) {
    const std::string bytes = write_body(batch(), format);
    const auto read = parse_body(bytes, format);
    REQUIRE(read);
    CHECK(*read == batch());
    CHECK(write_body(*read, format) == bytes);
  }
}

TEST_CASE("a JSON payload keeps its exact text, and LSNs stand in the changes") {
  const std::string text = write_body(batch(), BodyFormat::json);
  CHECK(text.find(sample(1).data) != std::string::npos);
  CHECK(text.find("\"lsn\":12") != std::string::npos);
  CHECK(text.find("\"lsns\"") == std::string::npos);
  const auto read = parse_body(text, BodyFormat::json);
  REQUIRE(read);
  const std::string record = encode_record(sample(1));
  CHECK(node_bytes((*read)["changes"][0]) == record);
}

TEST_CASE("payloads can be asked for in base64") {
  const std::string text = write_body(batch(), BodyFormat::json, JsonPayload::base64);
  CHECK(text.find("data_base64") != std::string::npos);
  CHECK(*parse_body(text, BodyFormat::json) == batch());
}

TEST_CASE("each list of changes has its LSNs beside it") {
  for (const char* list : {"changes", "rows", "history", "markers"}) {
    json body = json::object();
    body[list] = json::array({node_of(sample(3))});
    body[std::string(lsns_name(list))] = {33};
    for (const BodyFormat format : {BodyFormat::json, BodyFormat::msgpack}) {
      CHECK(*parse_body(write_body(body, format), format) == body);
    }
  }
  CHECK(lsns_name("conflicts").empty());
}

TEST_CASE("LSNs that do not fit their list stay what they are") {
  const json body{{"changes", json::array({node_of(sample(1))})}, {"lsns", {1, 2}}};
  CHECK(write_body(body, BodyFormat::json).find("\"lsns\":[1,2]") != std::string::npos);
}

TEST_CASE("objects without a dot are not changes, but their data keep their text") {
  const auto body = parse_body(
      R"({"changes": [ {"operation":"put", "data": {"x" : 1.0 }} ], "rows": [1, [2], "3"]})",
      BodyFormat::json);
  REQUIRE(body);
  const json& write = (*body)["changes"][0];
  CHECK(write["operation"] == "put");
  REQUIRE(is_node(write["data"], NodeKind::json_text));
  CHECK(node_bytes(write["data"]) == "{\"x\" : 1.0 }");
  CHECK((*body)["rows"] == json::array({1, json::array({2}), "3"}));
  CHECK_FALSE(body->contains("lsns"));
}

TEST_CASE("the tips of a report are changes, too") {
  const json body{{"local", node_of(sample(1))}, {"remote", node_of(sample(2))}};
  CHECK(*parse_body(write_body(body, BodyFormat::json), BodyFormat::json) == body);
}

TEST_CASE("where the sides of a conflict parted stays what it is") {
  const json point{{"origin", origin_text}, {"seq", 7}, {"stable", 0}, {"context", json::object()}};
  const json body{{"parted", {{"local", point}, {"remote", point}}}};
  for (const BodyFormat format : {BodyFormat::json, BodyFormat::msgpack}) {
    CHECK(*parse_body(write_body(body, format), format) == body);
  }
}

TEST_CASE("a malformed change that names itself becomes a fault") {
  const std::string dot = std::string(R"("origin":")") + origin_text + R"(","seq":7)";
  const auto read =
      parse_body(R"({"changes":[{)" + dot + R"(,"hlc":"yesterday"}]})", BodyFormat::json);
  REQUIRE(read);
  const json& fault = (*read)["changes"][0];
  CHECK(fault["origin"] == origin_text);
  CHECK(fault["seq"] == 7);
  CHECK(fault["field"].is_string());

  // In MessagePack: operation 9 does not exist.
  std::string record = encode_record(sample(7));
  const std::size_t operation = record.find("\xA6orders") - 1;
  record[operation] = 9;
  const std::string body =
      "\x81\xA7"
      "changes\x91" +
      record;
  const auto packed = parse_body(body, BodyFormat::msgpack);
  REQUIRE(packed);
  CHECK((*packed)["changes"][0]["seq"] == 7);
}

TEST_CASE("a change that does not name itself stays an object") {
  const auto read = parse_body(R"({"changes":[{"origin":"me","seq":7}]})", BodyFormat::json);
  REQUIRE(read);
  CHECK((*read)["changes"][0] == json{{"origin", "me"}, {"seq", 7}});
}

TEST_CASE("what is not a document is refused with the place") {
  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "{\"a\":1} x", "nul", "\"\xFF\""}) {
    CAPTURE(text);
    const auto read = parse_body(text, BodyFormat::json);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::bad_request);
    CHECK(read.error().detail.find("byte") != std::string::npos);
  }
  CHECK_FALSE(parse_body(std::string("{}\0{", 4), BodyFormat::json));
  CHECK(parse_body("\xEF\xBB\xBF {\"a\":1}", BodyFormat::json));
  // Cut, with lengths beyond the end, a name that is a number, an extension, and bytes behind.
  using namespace std::string_literals;
  for (const std::string& bytes :
       {""s, "\x92\x01"s, "\xDD\xFF\xFF\xFF\xFF"s, "\xC6\xFF\xFF\xFF\xFF"s, "\x81\x01\x01"s,
        "\xD4\x01\x01"s, "\x01\x01"s, "\xDF\x7F\xFF\xFF\xFF"s, "\xA1\xFF"s,
        "\x81\xD9\x02\xC3\x28\x01"s}) {  // the last two are text that is not UTF-8
    const auto read = parse_body(bytes, BodyFormat::msgpack);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::bad_request);
  }
}

TEST_CASE("every form of number is read from MessagePack") {
  using namespace std::string_literals;
  const std::string bytes =
      "\x9A\x7F\xCC\xFF\xCD\x01\x00\xCE\x00\x01\x00\x00\xFF\xD0\x80\xD1\x80\x00"s
      "\xD2\xFF\xFF\xFF\xFF\xCA\x3F\x00\x00\x00\xD0\x05"s;
  const auto read = parse_body(bytes, BodyFormat::msgpack);
  REQUIRE(read);
  CHECK(*read == json::array({127, 255, 256, 65536, -1, -128, -32768, -1, 0.5, 5}));
}

TEST_CASE("every size of number with a point is written to MessagePack as it is") {
  // 2^64 is the first that is not to be tried as a whole number.
  for (const double value :
       {0.0, -1.0, 0.5, 18446744073709551616.0, -9223372036854775808.0, 1e300}) {
    const std::string bytes = write_body(json::array({value}), BodyFormat::msgpack);
    CHECK(bytes.substr(0, 2) == "\x91\xCB");
    CHECK(*parse_body(bytes, BodyFormat::msgpack) == json::array({value}));
  }
}

TEST_CASE("nesting is limited in both formats") {
  const std::size_t deep = limits::max_nesting + 10;
  CHECK_FALSE(parse_body(std::string(deep, '[') + std::string(deep, ']'), BodyFormat::json));
  CHECK_FALSE(parse_body(std::string(deep, '\x91') + '\x01', BodyFormat::msgpack));
  CHECK_FALSE(parse_body(std::string(1'000'000, '['), BodyFormat::json));
  CHECK_FALSE(parse_body(std::string(1'000'000, '\x91'), BodyFormat::msgpack));
  // Maps in the place of names.
  CHECK_FALSE(parse_body(std::string(1'000'000, '\x81'), BodyFormat::msgpack));
}

TEST_CASE("plain bytes are bin in MessagePack and base64 in JSON") {
  const json body{{"bytes", json::binary({1, 2, 3})}};
  CHECK(*parse_body(write_body(body, BodyFormat::msgpack), BodyFormat::msgpack) == body);
  CHECK(write_body(body, BodyFormat::json) == R"({"bytes":"AQID"})");
}

TEST_CASE("text that is not UTF-8 is written with replacements instead of failing") {
  CHECK_NOTHROW(write_body(json{{"detail", "\xFF"}}, BodyFormat::json));
}

TEST_CASE("any mutation of a body is read or refused") {
  constexpr unsigned seed = 20261121;
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (const BodyFormat format : {BodyFormat::json, BodyFormat::msgpack}) {
    const std::string whole = write_body(batch(), format);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      (void)parse_body(std::string_view(whole).substr(0, size), format);
    }
    for (int round = 0; round < 10'000; ++round) {
      std::string bytes = whole;
      const unsigned edits = 1 + random() % 8;
      for (unsigned i = 0; i < edits; ++i) {
        const std::size_t at = random() % bytes.size();
        switch (random() % 3) {
          case 0:
            bytes[at] = static_cast<char>(random());
            break;
          case 1:
            bytes.insert(at, 1, static_cast<char>(random()));
            break;
          default:
            bytes.erase(at, 1);
        }
      }
      const auto read = parse_body(bytes, format);
      // What was read can be written.
      if (read) (void)write_body(*read, format);
    }
  }
}

}  // namespace syncline
