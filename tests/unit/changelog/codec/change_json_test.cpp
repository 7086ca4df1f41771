#include "syncline/change_json.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "samples.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

using nlohmann::json;

std::string to_json(const Change& change, const ChangeExtras& extras = {},
                    JsonPayload payload = JsonPayload::text) {
  const std::string record = encode_record(change);
  return change_to_json(view_trusted_record(samples::bytes_of(record).data()), extras, payload);
}

// The field that the reader complains of; empty if it accepts.
std::string refused_field(const std::string& text) {
  const auto change = change_from_json(text);
  if (change) return "";
  CHECK(change.error().code == ErrorCode::invalid_change);
  CHECK_FALSE(change.error().detail.empty());
  return change.error().text("field");
}

std::string refused_after(const json& patch) {
  json object = json::parse(to_json(samples::full_change()));
  object.merge_patch(patch);
  return refused_field(object.dump());
}

TEST_CASE("members come in the order of the protocol") {
  ChangeExtras extras;
  extras.lsn = 12;
  extras.received_at_us = 1'795'176'001'000'000;
  extras.before = Payload::json("{\"old\": 1}");
  extras.skewed = true;
  const std::string node1 = "\"01010101-0101-0101-0101-010101010101\"";
  const std::string node17 = "\"11111111-1111-1111-1111-111111111111\"";
  const std::string node240 = "\"f0f0f0f0-f0f0-f0f0-f0f0-f0f0f0f0f0f0\"";
  CHECK(to_json(samples::full_change(), extras) ==
        "{\"lsn\":12,\"origin\":" + node17 +
            ",\"seq\":300,\"hlc\":\"2026-11-20T12:00:00.123456Z-000\",\"operation\":\"update\","
            "\"table\":\"orders\",\"row_id\":\"42\",\"context\":{" +
            node1 + ":1," + node17 + ":299," + node240 +
            ":70000},\"stable\":12,\"vector_clock\":{" + node1 + ":1," + node17 + ":300," +
            node240 +
            ":70000},\"data\":{\"name\":\"Ann\"},"
            "\"transaction\":{\"number\":299,\"index\":1,\"count\":3},"
            "\"metadata\":{\"actor\":\"ann\",\"note\":\"caf\xC3\xA9\"},"
            "\"received_at\":\"2026-11-20T12:00:01.000000Z\",\"skewed\":true,"
            "\"before\":{\"old\": 1}}");
}

TEST_CASE("payloads that are not JSON, or may be changed on the way, travel in base64") {
  Change change = samples::plain_change();
  json object = json::parse(to_json(change, {}, JsonPayload::base64));
  CHECK(object["format"] == "json");
  CHECK(from_base64(object["data_base64"].get<std::string>()).value() == change.data);
  CHECK_FALSE(object.contains("data"));

  change.format = PayloadFormat::bytes;
  change.data = std::string("\0\xFF", 2);
  ChangeExtras extras;
  extras.before = Payload::raw("x");
  object = json::parse(to_json(change, extras));
  CHECK(object["format"] == "bytes");
  CHECK(object["data_base64"] == "AP8=");
  CHECK(object["before_base64"] == "eA==");
  CHECK(object["before_format"] == "bytes");
  CHECK(change_from_json(object.dump()).value() == change);

  extras.before = Payload::none();
  CHECK(json::parse(to_json(change, extras))["before"].is_null());
}

TEST_CASE("a JSON payload keeps its exact text, in whatever body it comes") {
  std::string text = to_json(samples::plain_change());
  const std::string payload = "{ \"b\" : 1.50,\n\"a\":[\"\\u0041\", 1e2 ],\"b\":\"}\" }";
  const std::string_view written = R"({"name":"Ann"})";
  text.replace(text.find(written), written.size(), " \t" + payload + "\n ");
  const auto change = change_from_json("\n" + text + " ");
  REQUIRE(change.has_value());
  CHECK(change->data == payload);
  CHECK(to_json(*change).find(payload) != std::string::npos);
}

TEST_CASE("space around a JSON payload, which a larger text cannot keep, travels in base64") {
  Change change = samples::plain_change();
  for (const char* const data : {" 1", "1\n", "\t{\"a\": 1} "}) {
    change.data = data;
    const std::string text = to_json(change);
    CHECK_FALSE(json::parse(text).contains("data"));
    CHECK(change_from_json(text).value() == change);
  }
}

TEST_CASE("the record and the JSON form say the same") {
  std::mt19937_64 random(21);
  for (int i = 0; i < 3000; ++i) {
    const Change change = samples::random_change(random);
    const auto mode = i % 2 == 0 ? JsonPayload::text : JsonPayload::base64;
    const std::string text = to_json(change, {}, mode);
    CAPTURE(text);
    REQUIRE(json::accept(text));
    const auto read = change_from_json(text);
    REQUIRE(read.has_value());
    REQUIRE(*read == change);
  }
}

TEST_CASE("what a server adds, and what nobody knows, is ignored") {
  const json added = {{"lsn", "x"},         {"vector_clock", 1}, {"received_at", {}},
                      {"before", "old"},    {"skewed", 7},       {"before_base64", "!"},
                      {"something", {1, 2}}};
  CHECK(refused_after(added) == "");
}

TEST_CASE("context and stable may be absent, names may be escaped, the last of two counts") {
  json object = json::parse(to_json(samples::plain_change()));
  object.erase("context");
  object.erase("stable");
  object.erase("vector_clock");
  object["transaction"] = nullptr;
  object["metadata"] = nullptr;
  CHECK(change_from_json(object.dump()).value() == samples::plain_change());

  std::string text = object.dump();
  text.replace(text.find("\"table\""), 7, "\"t\\u0061ble\"");
  text.insert(1, "\"row_id\":\"first\",\"data\":0,");
  CHECK(change_from_json(text).value() == samples::plain_change());
}

TEST_CASE("ids are read in any case, zeros of a context are absent") {
  json object = json::parse(to_json(samples::full_change()));
  object["origin"] = "ABABABAB-abab-ABAB-abab-ABABABABABAB";
  object["context"] = {{"CDCDCDCD-CDCD-CDCD-CDCD-CDCDCDCDCDCD", 5},
                       {"01010101-0101-0101-0101-010101010101", 0}};
  const auto change = change_from_json(object.dump());
  REQUIRE(change.has_value());
  CHECK(change->dot.origin == samples::node(0xAB));
  CHECK(change->context == VectorClock{{samples::node(0xCD), 5}});
}

TEST_CASE("a context of many nodes in any order is read quickly") {
  std::string text = to_json(samples::plain_change());
  std::string context;
  for (std::uint32_t i = 60'000; i > 0; --i) {
    const std::string number = std::to_string(100'000 + i);
    context += (context.empty() ? "\"00" : ",\"00") + number +
               "-0000-0000-0000-000000000000\":" + std::to_string(i);
  }
  text.replace(text.find("\"context\":{}"), 12, "\"context\":{" + context + "}");
  const auto change = change_from_json(text);
  REQUIRE(change.has_value());
  CHECK(change->context.size() == 60'000);
}

TEST_CASE("malformed members are refused by name") {
  CHECK(refused_field("") == "record");
  CHECK(refused_field("[]") == "record");
  CHECK(refused_field("{") == "record");
  CHECK(refused_field("{}") == "origin");
  CHECK(refused_after({{"origin", "x"}}) == "origin");
  CHECK(refused_after({{"origin", 5}}) == "origin");
  CHECK(refused_after({{"seq", nullptr}}) == "seq");
  CHECK(refused_after({{"seq", 0}}) == "seq");
  CHECK(refused_after({{"seq", -1}}) == "seq");
  CHECK(refused_after({{"seq", 1.0}}) == "seq");
  CHECK(refused_after({{"seq", "300"}}) == "seq");
  CHECK(refused_after({{"seq", std::uint64_t{1} << 53}}) == "seq");
  CHECK(refused_after({{"seq", (std::uint64_t{1} << 53) - 1}}) == "");
  CHECK(refused_after({{"hlc", "2026-11-20T12:00:00Z"}}) == "hlc");
  CHECK(refused_after({{"hlc", 12}}) == "hlc");
  CHECK(refused_after({{"operation", "erase"}}) == "operation");
  CHECK(refused_after({{"operation", 1}}) == "operation");
  CHECK(refused_after({{"table", nullptr}}) == "table");
  CHECK(refused_after({{"table", 1}}) == "table");
  CHECK(refused_after({{"row_id", 42}}) == "row_id");
  CHECK(refused_after({{"context", 1}}) == "context");
  CHECK(refused_after({{"context", {{"x", 1}}}}) == "context");
  CHECK(refused_after({{"context", {{"01010101-0101-0101-0101-010101010101", "1"}}}}) == "context");
  CHECK(refused_after({{"stable", -1}}) == "stable");
  CHECK(refused_after({{"data", nullptr}}) == "format");
  CHECK(refused_after({{"data_base64", "e30="}, {"format", "json"}}) == "data");
  CHECK(refused_after({{"data", nullptr}, {"data_base64", "e30"}, {"format", "json"}}) == "data");
  CHECK(refused_after({{"data", nullptr}, {"data_base64", "e30="}}) == "format");
  CHECK(refused_after({{"data", nullptr}, {"data_base64", "e30="}, {"format", "x"}}) == "format");
  CHECK(refused_after({{"data", nullptr}, {"data_base64", "e30="}, {"format", "json"}}) == "");
  CHECK(refused_after({{"data", nullptr}, {"data_base64", "e3"}, {"format", 1}}) == "data");
  CHECK(refused_after({{"transaction", 1}}) == "transaction");
  CHECK(refused_after({{"transaction", {{"index", nullptr}}}}) == "transaction");
  CHECK(refused_after({{"transaction", {{"count", std::uint64_t{1} << 32}}}}) == "transaction");
  CHECK(refused_after({{"transaction", {{"index", 3}}}}) == "transaction");
  CHECK(refused_after({{"metadata", 1}}) == "metadata");
  CHECK(refused_after({{"metadata", {{"actor", 1}}}}) == "metadata");
}

TEST_CASE("a delete has no data, or null where clients write every member") {
  json object = json::parse(to_json(samples::full_change()));
  object["operation"] = "delete";
  CHECK(refused_field(object.dump()) == "format");
  object["data"] = nullptr;
  CHECK(refused_field(object.dump()) == "");
  object.erase("data");
  CHECK(change_from_json(object.dump()).value().format == PayloadFormat::none);
}

TEST_CASE("a payload nested as deep as a record allows also goes through JSON") {
  Change change = samples::plain_change();
  change.data = std::string(64, '[') + std::string(64, ']');
  CHECK(change_from_json(to_json(change)).value() == change);
  change.data = std::string(65, '[') + std::string(65, ']');
  CHECK_FALSE(change_from_json(to_json(change)).has_value());
}

}  // namespace
}  // namespace syncline
