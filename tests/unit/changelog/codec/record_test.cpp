#include "syncline/record.hpp"

#include <algorithm>
#include <cstring>

#include <doctest/doctest.h>
#include <msgpack.hpp>

#include "changelog/codec/record_writer.hpp"
#include "samples.hpp"

namespace syncline {
namespace {

using samples::bytes_of;
using samples::node;

// The field that a decoder complains of; empty if it accepts.
std::string refused_field(std::string_view record) {
  const auto change = decode_record(bytes_of(record));
  if (change) return "";
  CHECK(change.error().code == ErrorCode::invalid_change);
  CHECK_FALSE(change.error().detail.empty());
  return change.error().text("field");
}

std::string replaced(std::string record, std::string_view what, std::string_view by) {
  const std::size_t position = record.find(what);
  REQUIRE(position != std::string::npos);
  return record.replace(position, what.size(), by);
}

TEST_CASE("a record is read as it was written, checked or trusted") {
  for (const Change& change : {samples::plain_change(), samples::full_change()}) {
    const std::string record = encode_record(change);
    const auto view = decode_record(bytes_of(record));
    REQUIRE(view.has_value());
    CHECK(view->record.size() == record.size());
    CHECK(view->to_change() == change);
    CHECK(view->transaction() == change.transaction);
    CHECK(view->metadata() == change.metadata);
    CHECK(view->context.to_clock() == change.context);
    CHECK(change_from_record(bytes_of(record)).value() == change);

    const ChangeView trusted = view_trusted_record(bytes_of(record).data());
    CHECK(trusted.record.size() == record.size());
    CHECK(trusted.to_change() == change);
    CHECK(trusted.tail.data() == view->tail.data());
    CHECK(trusted.tail.size() == view->tail.size());
  }
}

TEST_CASE("a record is what msgpack's own reader says it is") {
  const std::string record = encode_record(samples::full_change());
  const auto handle = msgpack::unpack(record.data(), record.size());
  const msgpack::object& object = handle.get();
  REQUIRE(object.type == msgpack::type::ARRAY);
  REQUIRE(object.via.array.size == 13);
  const msgpack::object* fields = object.via.array.ptr;
  CHECK(fields[0].as<int>() == 1);
  CHECK(fields[1].type == msgpack::type::BIN);
  CHECK(fields[1].via.bin.size == 16);
  CHECK(fields[2].as<std::uint64_t>() == 300);
  CHECK(fields[3].as<std::uint64_t>() == samples::full_change().hlc.value);
  CHECK(fields[4].as<int>() == 2);
  CHECK(fields[5].as<std::string>() == "orders");
  CHECK(fields[6].as<std::string>() == "42");
  CHECK(fields[7].via.array.size == 6);
  CHECK(fields[7].via.array.ptr[0].via.bin.ptr[0] == 0x01);
  CHECK(fields[7].via.array.ptr[5].as<std::uint64_t>() == 70'000);
  CHECK(fields[8].as<int>() == 12);
  CHECK(fields[9].as<int>() == 1);
  CHECK(fields[10].type == msgpack::type::BIN);
  CHECK(fields[11].as<std::vector<int>>() == std::vector<int>{299, 1, 3});
  CHECK(fields[12].as<std::map<std::string, std::string>>().at("actor") == "ann");
}

TEST_CASE("the context is looked up in its bytes") {
  const std::string record = encode_record(samples::full_change());
  const ChangeView change = decode_record(bytes_of(record)).value();
  CHECK(change.context.size() == 3);
  CHECK(change.context.get(node(0x11)) == 299);
  CHECK(change.context.get(node(0xF0)) == 70'000);
  CHECK(change.context.get(node(0x22)) == 0);
  CHECK(change.saw(Dot{node(0x11), 299}));
  CHECK_FALSE(change.saw(Dot{node(0x11), 300}));
  CHECK(samples::full_change().vector_clock().get(node(0x11)) == 300);
}

TEST_CASE("what follows a record is left to the caller, unless it must be all") {
  const std::string record = encode_record(samples::plain_change());
  const std::string two = record + record;
  CHECK(decode_record(bytes_of(two)).value().record.size() == record.size());
  CHECK(change_from_record(bytes_of(two)).error().text("field") == "record");
}

TEST_CASE("anything but the canonical form is refused, with the field's name") {
  const std::string plain = encode_record(samples::plain_change());
  const std::string full = encode_record(samples::full_change());
  CHECK(refused_field("") == "record");
  CHECK(refused_field(replaced(plain, "\x9D\x01", "\x9C\x01")) == "record");
  CHECK(refused_field(replaced(plain, "\x9D\x01", "\x9D\x02")) == "record");
  CHECK(refused_field(replaced(plain, "\x9D\x01", "\x9D\xCC\x01")) == "record");
  CHECK(refused_field(replaced(plain, "\x9D\x01", std::string_view("\xDC\0\x0D\x01", 4))) ==
        "record");
  CHECK(refused_field(replaced(plain, "\xC4\x10", "\xC4\x11")) == "origin");
  CHECK(refused_field(replaced(plain, "\xC4\x10", std::string_view("\xC5\0\x10", 3))) == "origin");
  CHECK(refused_field(replaced(full, "\xCD\x01\x2C", std::string_view("\xCE\0\0\x01\x2C", 5))) ==
        "seq");
  CHECK(refused_field(replaced(full, "\xCD\x01\x2C", "\xD1\x01\x2C")) == "seq");
  CHECK(refused_field(replaced(plain, "\x01\xA6orders", "\x05\xA6orders")) == "operation");
  CHECK(refused_field(replaced(plain, "\xA6orders", "\xD9\x06orders")) == "table");
  CHECK(refused_field(replaced(plain, "\xA6orders", "\xC4\x06orders")) == "table");
  CHECK(refused_field(replaced(plain,
                               "\xA2"
                               "42",
                               "\xD9\x02"
                               "42")) == "row_id");
  CHECK(refused_field(replaced(plain, "42\x90", "42\x91")) == "context");
  CHECK(refused_field(replaced(plain, std::string_view("42\x90\0", 4),
                               std::string_view("42\x90\xCC\0", 5))) == "stable");
  CHECK(refused_field(replaced(plain, "\x01\xC4\x0E{", "\x04\xC4\x0E{")) == "format");
  CHECK(refused_field(replaced(plain, "\xC4\x0E{", "\xAE{")) == "data");
  CHECK(refused_field(replaced(plain, "\xC4\x0E{", std::string_view("\xC5\0\x0E{", 4))) == "data");
  CHECK(refused_field(replaced(plain, "}\xC0\xC0", "}\x90\xC0")) == "transaction");
  CHECK(refused_field(replaced(plain, "}\xC0\xC0", "}\xC0\x80")) == "metadata");
  CHECK(refused_field(replaced(full,
                               "\x82\xA5"
                               "actor",
                               "\x82\xA5"
                               "zctor")) == "metadata");
  CHECK(refused_field(replaced(full, "\xA4note",
                               "\xA4"
                               "abcd")) == "metadata");
  CHECK(refused_field(replaced(full, "\x93\xCD\x01\x2B", "\x92\xCD\x01\x2B")) == "transaction");
}

TEST_CASE("a context out of order, twice the same node or with a zero is refused") {
  const std::string low = samples::text_of(node(1).bytes());
  const std::string high = samples::text_of(node(2).bytes());
  const std::string plain = encode_record(samples::plain_change());
  const auto with_context = [&](const std::string& one, char first, const std::string& other,
                                char second) {
    const std::string context = "42\x94\xC4\x10" + one + first + "\xC4\x10" + other + second;
    return refused_field(replaced(plain, "42\x90", context));
  };
  CHECK(with_context(low, 1, high, 1) == "");
  CHECK(with_context(high, 1, low, 1) == "context");
  CHECK(with_context(low, 1, low, 2) == "context");
  CHECK(with_context(low, 0, high, 1) == "context");
}

TEST_CASE("numbers and lengths on both sides of every width take the shortest form") {
  for (const std::uint64_t number :
       {std::uint64_t{1}, std::uint64_t{0x7F}, std::uint64_t{0x80}, std::uint64_t{0xFF},
        std::uint64_t{0x100}, std::uint64_t{0xFFFF}, std::uint64_t{0x1'0000},
        std::uint64_t{0xFFFF'FFFF}, std::uint64_t{0x1'0000'0000}, ~std::uint64_t{0}}) {
    // Only times may use all 64 bits: other numbers have to be told apart in JSON.
    const std::uint64_t counted = std::min(number, (std::uint64_t{1} << 53) - 1);
    Change change = samples::plain_change();
    change.dot.seq = counted;
    change.hlc.value = number;
    change.stable = counted;
    change.context.set(node(0x77), counted);
    change.transaction = TransactionPart{counted, 0, 1};
    const std::string record = encode_record(change);
    CHECK(decode_record(bytes_of(record)).value().to_change() == change);
    CHECK(view_trusted_record(bytes_of(record).data()).to_change() == change);
  }
  for (const std::size_t size : {0U, 1U, 31U, 32U, 255U, 256U, 65'535U, 65'536U, 200'000U}) {
    Change change = samples::plain_change();
    change.format = PayloadFormat::bytes;
    change.data.assign(size, 'x');
    change.table.assign(size, 't');
    change.metadata = {{"key", std::string(size, 'v')}};
    const std::string record = encode_record(change);
    CHECK(decode_record(bytes_of(record)).value().to_change() == change);
    CHECK(view_trusted_record(bytes_of(record).data()).to_change() == change);
  }
}

TEST_CASE("contexts of any size are read, up to the limit") {
  std::mt19937_64 random(5);
  for (const std::size_t size : {7U, 8U, 100U, 32'768U, 65'535U, 65'536U}) {
    Change change = samples::plain_change();
    for (std::size_t i = 0; i < size; ++i) {
      std::array<std::uint8_t, NodeId::size_bytes> bytes{};
      for (std::size_t k = 0; k < 4; ++k) bytes[k] = static_cast<std::uint8_t>(i >> (24 - 8 * k));
      change.context.set(NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes)),
                         1 + random() % 1000);
    }
    const std::string record = encode_record(change);
    if (size > 65'535) {
      CHECK(refused_field(record) == "context");
    } else {
      CHECK(decode_record(bytes_of(record)).value().to_change() == change);
      CHECK(view_trusted_record(bytes_of(record).data()).to_change() == change);
    }
  }
}

TEST_CASE("the writer stays within the bound that it gave") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 2000; ++i) {
    const Change change = samples::random_change(random);
    const std::string record = encode_record(change);
    const ChangeView view = view_trusted_record(bytes_of(record).data());
    codec::RecordFields fields;
    fields.origin = &view.dot.origin;
    fields.seq = view.dot.seq;
    fields.hlc = view.hlc;
    fields.operation = view.operation;
    fields.table = view.table;
    fields.row_id = view.row_id;
    fields.context = view.context;
    fields.stable = view.stable;
    fields.format = view.format;
    fields.data = view.data;
    fields.transaction = view.transaction();
    fields.metadata = &change.metadata;
    std::vector<std::uint8_t> out(codec::max_record_bytes(fields));
    const std::uint8_t* const end = codec::write_record(out.data(), fields);
    REQUIRE(end <= out.data() + out.size());
    REQUIRE(samples::text_of({out.data(), end}) == record);
  }
}

TEST_CASE("operations and formats have names") {
  for (const char* name : {"void", "insert", "update", "delete", "stable"}) {
    CHECK(to_string(operation_from_string(name).value()) == name);
  }
  for (const char* name : {"none", "json", "msgpack", "bytes"}) {
    CHECK(to_string(payload_format_from_string(name).value()) == name);
  }
  CHECK(operation_from_string("erase").error().code == ErrorCode::bad_request);
  CHECK(payload_format_from_string("").error().code == ErrorCode::bad_request);
  CHECK(operation_from_string("delete").value() == Operation::erase);
}

}  // namespace
}  // namespace syncline
