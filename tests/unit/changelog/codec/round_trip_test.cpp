// Round trips over inputs that RapidCheck chooses and, where one fails, makes small.
#include <rapidcheck.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "changelog/codec/json_text.hpp"
#include "samples.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

VectorClock clock_of(const std::map<std::uint8_t, std::uint32_t>& entries) {
  VectorClock clock;
  for (const auto& [byte, seq] : entries) clock.set(samples::node(byte), seq);
  return clock;
}

TEST_CASE("any bytes survive base64, a JSON string and a record") {
  CHECK(rc::check([](const std::string& bytes) {
    RC_ASSERT(from_base64(to_base64(bytes)).value() == bytes);
    std::string quoted;
    codec::append_json_string(quoted, bytes);
    RC_ASSERT(nlohmann::json::accept(quoted));
    Change change = samples::plain_change();
    change.format = PayloadFormat::bytes;
    change.data = bytes;
    const std::string record = encode_record(change);
    RC_ASSERT(change_from_record(samples::bytes_of(record)).value() == change);
  }));
}

TEST_CASE("any context and metadata survive a record") {
  CHECK(rc::check([](const std::map<std::uint8_t, std::uint32_t>& entries,
                     const std::map<std::string, std::string>& metadata) {
    Change change = samples::plain_change();
    change.context = clock_of(entries);
    change.metadata = {metadata.begin(), metadata.end()};
    const std::string record = encode_record(change);
    RC_ASSERT(decode_record(samples::bytes_of(record)).value().to_change() == change);
  }));
}

}  // namespace
}  // namespace syncline
