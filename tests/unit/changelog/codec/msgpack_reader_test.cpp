#include "changelog/codec/msgpack_reader.hpp"

#include <random>
#include <string>

#include <doctest/doctest.h>
#include <msgpack.hpp>

#include "samples.hpp"

namespace syncline::codec {
namespace {

using samples::bytes_of;

TEST_CASE("well-formed values of every type are one value, and no byte less is") {
  const std::string_view values[] = {
      {"\x00", 1},
      {"\xFF", 1},
      {"\xC0", 1},
      {"\xC2", 1},
      {"\xC3", 1},
      {"\xC4\x01x", 3},
      {"\xC5\x00\x01x", 4},
      {"\xC6\x00\x00\x00\x01x", 6},
      {"\xC7\x01\x05x", 4},
      {"\xC8\x00\x01\x05x", 5},
      {"\xC9\x00\x00\x00\x01\x05x", 7},
      {"\xCA\x00\x00\x00\x00", 5},
      {"\xCB\x00\x00\x00\x00\x00\x00\x00\x00", 9},
      {"\xCC\x00", 2},
      {"\xCD\x00\x00", 3},
      {"\xCE\x00\x00\x00\x00", 5},
      {"\xCF\x00\x00\x00\x00\x00\x00\x00\x00", 9},
      {"\xD0\x00", 2},
      {"\xD1\x00\x00", 3},
      {"\xD2\x00\x00\x00\x00", 5},
      {"\xD3\x00\x00\x00\x00\x00\x00\x00\x00", 9},
      {"\xD4\x01x", 3},
      {"\xD5\x01xx", 4},
      {"\xD6\x01xxxx", 6},
      {"\xD7\x01xxxxxxxx", 10},
      {"\xD8\x01xxxxxxxxxxxxxxxx", 18},
      {"\xA3xyz", 4},
      {"\xD9\x01x", 3},
      {"\xDA\x00\x01x", 4},
      {"\xDB\x00\x00\x00\x01x", 6},
      {"\x92\x01\xC0", 3},
      {"\xDC\x00\x01\x01", 4},
      {"\xDD\x00\x00\x00\x01\x01", 6},
      {"\x81\x01\x02", 3},
      {"\xDE\x00\x01\x01\x02", 5},
      {"\xDF\x00\x00\x00\x01\x01\x02", 7},
      {"\x90", 1},
      {"\x80", 1},
  };
  for (const std::string_view value : values) {
    CHECK(is_msgpack_value(value));
    for (std::size_t size = 0; size < value.size(); ++size) {
      CHECK_FALSE(is_msgpack_value(value.substr(0, size)));
    }
    CHECK_FALSE(is_msgpack_value(std::string(value) + '\0'));
  }
  CHECK_FALSE(is_msgpack_value("\xC1"));
}

TEST_CASE("huge counts and deep nesting end at once") {
  CHECK_FALSE(is_msgpack_value("\xDD\xFF\xFF\xFF\xFF"));
  CHECK_FALSE(is_msgpack_value("\xDF\xFF\xFF\xFF\xFF\x01"));
  CHECK_FALSE(is_msgpack_value("\xC6\xFF\xFF\xFF\xFF"));
  CHECK_FALSE(is_msgpack_value("\xC9\xFF\xFF\xFF\xFF"));
  CHECK_FALSE(is_msgpack_value(std::string(1'000'000, '\x91')));
}

TEST_CASE("random bytes are one value exactly when msgpack's own parser says so") {
  std::mt19937_64 random(4);
  std::size_t accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes(1 + random() % 12, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (i % 2 == 0) bytes[0] = static_cast<char>(0x80 + random() % 0x20);
    std::size_t offset = 0;
    msgpack::null_visitor visitor;
    bool expected = false;
    try {
      expected =
          msgpack::parse(bytes.data(), bytes.size(), offset, visitor) && offset == bytes.size();
    } catch (const msgpack::unpack_error&) {
      expected = false;
    }
    REQUIRE(is_msgpack_value(bytes) == expected);
    accepted += expected ? 1 : 0;
  }
  CHECK(accepted > 1000);
}

TEST_CASE("typed reads take one value after the other and refuse another type") {
  const std::string bytes = "\x93\xA1x\xC4\x01y\xCC\x80\xC0\x81";
  MsgpackReader reader(bytes_of(bytes));
  std::uint32_t count = 0;
  std::string_view text;
  std::string_view binary;
  std::uint64_t number = 0;
  CHECK((reader.read_array(count) && count == 3));
  CHECK((reader.read_string(text) && text == "x"));
  CHECK((reader.read_binary(binary) && binary == "y"));
  CHECK_FALSE(reader.read_nil());
  CHECK((reader.read_uint(number) && number == 128));
  CHECK(reader.read_nil());
  CHECK((reader.read_map(count) && count == 1));
  CHECK(reader.at_end());
  CHECK(reader.remaining() == 0);
  CHECK_FALSE(reader.read_nil());
  CHECK_FALSE(reader.read_uint(number));
  CHECK_FALSE(reader.read_map(count));
  CHECK_FALSE(reader.skip());
  CHECK_FALSE(MsgpackReader(bytes_of("\xFF")).read_uint(number));
  CHECK_FALSE(MsgpackReader(bytes_of("\xA1x")).read_binary(binary));
  CHECK_FALSE(MsgpackReader(bytes_of("\xA2x")).read_string(text));
  CHECK_FALSE(MsgpackReader(bytes_of("\x91")).read_map(count));
}

}  // namespace
}  // namespace syncline::codec
