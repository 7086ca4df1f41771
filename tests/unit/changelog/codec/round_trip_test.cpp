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

TEST_CASE("any change survives a record and both of its JSON forms") {
  CHECK(rc::check([](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const Change change = samples::random_change(random);
    const std::string record = encode_record(change);
    RC_ASSERT(change_from_record(samples::bytes_of(record)).value() == change);
    const ChangeView view = view_trusted_record(samples::bytes_of(record).data());
    RC_ASSERT(view.to_change() == change);
    for (const JsonPayload payload : {JsonPayload::text, JsonPayload::base64}) {
      RC_ASSERT(change_from_json(change_to_json(view, {}, payload)).value() == change);
    }
  }));
}

TEST_CASE("records that follow one another are told apart") {
  CHECK(rc::check([](const std::vector<std::uint64_t>& seeds) {
    std::string all;
    std::vector<Change> changes;
    for (const std::uint64_t seed : seeds) {
      std::mt19937_64 random(seed);
      changes.push_back(samples::random_change(random));
      all += encode_record(changes.back());
    }
    std::string_view rest = all;
    for (const Change& change : changes) {
      const auto view = decode_record(samples::bytes_of(rest));
      RC_ASSERT(view.has_value());
      RC_ASSERT(view->to_change() == change);
      rest.remove_prefix(view->record.size());
    }
    RC_ASSERT(rest.empty());
  }));
}

}  // namespace
}  // namespace syncline
