// Records written by another program, kept for ever; see tests/golden/records.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>
#include <msgpack.hpp>
#include <nlohmann/json.hpp>

#include "samples.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

namespace fs = std::filesystem;

using samples::bytes_of;

const fs::path folder =
    fs::path(__FILE__).parent_path().parent_path().parent_path().parent_path() / "golden/records";

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  std::string digits;
  for (const char c : text) {
    if (c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  REQUIRE(digits.empty());
  return bytes;
}

// The same facts as msgpack's own reader and another JSON library find them.
void check_with_other_readers(const std::string& record, const std::string& text) {
  const auto handle = msgpack::unpack(record.data(), record.size());
  const auto fields = handle.get().as<std::vector<msgpack::object>>();
  const nlohmann::json object = nlohmann::json::parse(text);
  REQUIRE(fields.size() == 13);
  CHECK(fields[0].as<int>() == 1);
  CHECK(fields[2].as<std::uint64_t>() == object["seq"].get<std::uint64_t>());
  CHECK(fields[5].as<std::string>() == object["table"].get<std::string>());
  CHECK(fields[6].as<std::string>() == object["row_id"].get<std::string>());
  CHECK(fields[7].via.array.size == 2 * object["context"].size());
  CHECK(fields[8].as<std::uint64_t>() == object["stable"].get<std::uint64_t>());
  CHECK(fields[11].is_nil() != object.contains("transaction"));
  CHECK(fields[12].is_nil() != object.contains("metadata"));
  if (object.contains("metadata")) {
    CHECK(fields[12].as<Metadata>() == object["metadata"].get<Metadata>());
  }
}

TEST_CASE("golden records are read and written to the same bytes, both ways") {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".hex") continue;
    ++count;
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    const std::string record = from_hex(content(entry.path()));
    std::string text = content(fs::path(entry.path()).replace_extension(".json"));
    REQUIRE(text.ends_with('\n'));
    text.pop_back();

    const auto change = change_from_record(bytes_of(record));
    REQUIRE(change.has_value());
    CHECK(encode_record(*change) == record);
    CHECK(change_to_json(view_trusted_record(bytes_of(record).data())) == text);
    const auto read = change_from_json(text);
    REQUIRE(read.has_value());
    CHECK(*read == *change);
    CHECK(encode_record(*read) == record);
    check_with_other_readers(record, text);
  }
  CHECK(count == 15);
}

}  // namespace
}  // namespace syncline
