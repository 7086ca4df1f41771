#include <doctest/doctest.h>

#include "samples.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

using samples::bytes_of;

// The field that validation complains of; empty if it accepts.
std::string fault(const Change& change) {
  const std::string record = encode_record(change);
  const Result<void> result = validate(decode_record(bytes_of(record)).value());
  if (result) {
    CHECK(change_from_record(bytes_of(record)).value() == change);
    return "";
  }
  CHECK(result.error().code == ErrorCode::invalid_change);
  CHECK_FALSE(result.error().detail.empty());
  CHECK(change_from_record(bytes_of(record)).error() == result.error());
  return result.error().text("field");
}

template <typename Edit>
std::string fault_after(Edit edit) {
  Change change = samples::full_change();
  edit(change);
  return fault(change);
}

std::string fault_of_payload(Operation operation, PayloadFormat format, std::string data,
                             Metadata metadata = {}) {
  return fault_after([&](Change& change) {
    change.operation = operation;
    change.format = format;
    change.data = std::move(data);
    change.metadata = std::move(metadata);
  });
}

TEST_CASE("valid changes are accepted") {
  CHECK(fault(samples::plain_change()) == "");
  CHECK(fault(samples::full_change()) == "");
}

TEST_CASE("a change has a dot and a time, and has not seen itself") {
  CHECK(fault_after([](Change& c) { c.dot.origin = NodeId{}; }) == "origin");
  CHECK(fault_after([](Change& c) { c.dot.seq = 0; }) == "seq");
  CHECK(fault_after([](Change& c) { c.hlc = {}; }) == "hlc");
  CHECK(fault_after([](Change& c) { c.context.set(c.dot.origin, c.dot.seq); }) == "context");
  CHECK(fault_after([](Change& c) { c.context.set(c.dot.origin, c.dot.seq + 9); }) == "context");
  CHECK(fault_after([](Change& c) { c.context.set(c.dot.origin, c.dot.seq - 1); }) == "");
}

TEST_CASE("numbers are such that every reader of JSON tells them apart") {
  constexpr std::uint64_t end = std::uint64_t{1} << 53;
  const NodeId other = samples::node(0x77);
  CHECK(fault_after([](Change& c) { c.dot.seq = end; }) == "seq");
  CHECK(fault_after([](Change& c) { c.stable = end; }) == "stable");
  CHECK(fault_after([&](Change& c) { c.context.set(other, end); }) == "context");
  CHECK(fault_after([](Change& c) { c.transaction = TransactionPart{end, 0, 1}; }) ==
        "transaction");
  const auto greatest = [&](Change& c) {
    c.dot.seq = end - 1;
    c.stable = end - 1;
    c.context.set(other, end - 1);
    c.transaction = TransactionPart{end - 1, 0, 1};
  };
  CHECK(fault_after(greatest) == "");
  Change change = samples::full_change();
  greatest(change);
  const std::string record = encode_record(change);
  const ChangeView view = view_trusted_record(bytes_of(record).data());
  CHECK(change_from_json(change_to_json(view)).value() == change);
}

TEST_CASE("table and row id have lengths and are UTF-8") {
  CHECK(fault_after([](Change& c) { c.table = ""; }) == "table");
  CHECK(fault_after([](Change& c) { c.table.assign(255, 't'); }) == "");
  CHECK(fault_after([](Change& c) { c.table.assign(256, 't'); }) == "table");
  CHECK(fault_after([](Change& c) { c.table = "\xC3"; }) == "table");
  CHECK(fault_after([](Change& c) { c.row_id = ""; }) == "row_id");
  CHECK(fault_after([](Change& c) { c.row_id.assign(1024, 'r'); }) == "");
  CHECK(fault_after([](Change& c) { c.row_id.assign(1025, 'r'); }) == "row_id");
  CHECK(fault_after([](Change& c) { c.row_id = "12345678\xFF"; }) == "row_id");
  CHECK(fault_after([](Change& c) { c.row_id = "12345678\xE2\x82\xAC"; }) == "");
}

TEST_CASE("each operation has the formats that it can have") {
  using enum Operation;
  using enum PayloadFormat;
  CHECK(fault_of_payload(insert, json, "{}") == "");
  CHECK(fault_of_payload(update, bytes, "") == "");
  CHECK(fault_of_payload(insert, none, "") == "format");
  CHECK(fault_of_payload(update, none, "") == "format");
  CHECK(fault_of_payload(erase, none, "") == "");
  CHECK(fault_of_payload(erase, none, "x") == "data");
  CHECK(fault_of_payload(erase, json, "{}") == "format");
  CHECK(fault_of_payload(void_, none, "") == "");
  CHECK(fault_of_payload(void_, json, "{}") == "format");
  CHECK(fault_of_payload(void_, json, "{}", {{"rebased", "x"}}) == "");
  CHECK(fault_of_payload(void_, none, "x", {{"rebased", "x"}}) == "data");
}

TEST_CASE("payloads are what their format says") {
  using enum Operation;
  using enum PayloadFormat;
  CHECK(fault_of_payload(insert, json, "") == "data");
  CHECK(fault_of_payload(insert, json, "{") == "data");
  CHECK(fault_of_payload(insert, json, " [1, 2]\n") == "");
  CHECK(fault_of_payload(insert, json, std::string(64, '[') + std::string(64, ']')) == "");
  CHECK(fault_of_payload(insert, json, std::string(65, '[') + std::string(65, ']')) == "data");
  CHECK(fault_of_payload(insert, msgpack, "") == "data");
  CHECK(fault_of_payload(insert, msgpack, "\xC0") == "");
  CHECK(fault_of_payload(insert, msgpack, "\xC0\xC0") == "data");
  CHECK(fault_of_payload(insert, msgpack, "\xC1") == "data");
  CHECK(fault_of_payload(insert, msgpack, std::string(64, '\x91') + "\x01") == "");
  CHECK(fault_of_payload(insert, msgpack, std::string(65, '\x91') + "\x01") == "data");
}

TEST_CASE("a stub carries eight bytes, whatever its format") {
  using enum Operation;
  using enum PayloadFormat;
  const Metadata stub = {{"stub", "1"}};
  CHECK(fault_of_payload(update, json, "12345678", stub) == "");
  CHECK(fault_of_payload(update, msgpack, "12345678", stub) == "");
  CHECK(fault_of_payload(erase, none, "12345678", stub) == "");
  CHECK(fault_of_payload(update, json, "1234567", stub) == "data");
  CHECK(fault_of_payload(update, json, "123456789", stub) == "data");
  CHECK(fault_of_payload(update, none, "12345678", stub) == "format");
}

TEST_CASE("a stable marker concerns no row and has a number") {
  Change marker = samples::full_change();
  marker.operation = Operation::stable;
  marker.table.clear();
  marker.row_id.clear();
  marker.format = PayloadFormat::none;
  marker.data.clear();
  CHECK(fault(marker) == "");
  Change wrong = marker;
  wrong.table = "orders";
  CHECK(fault(wrong) == "table");
  wrong = marker;
  wrong.row_id = "1";
  CHECK(fault(wrong) == "row_id");
  wrong = marker;
  wrong.stable = 0;
  CHECK(fault(wrong) == "stable");
  wrong = marker;
  wrong.format = PayloadFormat::bytes;
  CHECK(fault(wrong) == "format");
}

TEST_CASE("a void keeps its row or has none") {
  Change used_up = samples::plain_change();
  used_up.operation = Operation::void_;
  used_up.format = PayloadFormat::none;
  used_up.data.clear();
  CHECK(fault(used_up) == "");
  used_up.table.clear();
  CHECK(fault(used_up) == "table");
  used_up.row_id.clear();
  CHECK(fault(used_up) == "");
}

TEST_CASE("transactions and metadata have limits") {
  CHECK(fault_after([](Change& c) { c.transaction = {299, 0, 0}; }) == "transaction");
  CHECK(fault_after([](Change& c) { c.transaction = {299, 3, 3}; }) == "transaction");
  CHECK(fault_after([](Change& c) { c.transaction = {299, 2, 3}; }) == "");
  CHECK(fault_after([](Change& c) { c.metadata[""] = "x"; }) == "metadata");
  CHECK(fault_after([](Change& c) { c.metadata["x"] = "\xFF"; }) == "metadata");
  CHECK(fault_after([](Change& c) { c.metadata["\xFF"] = "x"; }) == "metadata");
  CHECK(fault_after([](Change& c) { c.metadata[std::string(255, 'k')] = ""; }) == "");
  CHECK(fault_after([](Change& c) { c.metadata[std::string(256, 'k')] = ""; }) == "metadata");
  CHECK(fault_after([](Change& c) { c.metadata["k"].assign(4096, 'v'); }) == "");
  CHECK(fault_after([](Change& c) { c.metadata["k"].assign(4097, 'v'); }) == "metadata");
  const auto fill = [](std::size_t size) {
    return [size](Change& change) {
      change.metadata.clear();
      while (change.metadata.size() < size) {
        change.metadata.emplace("key" + std::to_string(change.metadata.size()), "");
      }
    };
  };
  CHECK(fault_after(fill(32)) == "");
  CHECK(fault_after(fill(33)) == "metadata");
}

TEST_CASE("what the tests' generator makes is valid") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 3000; ++i) REQUIRE(fault(samples::random_change(random)) == "");
}

}  // namespace
}  // namespace syncline
