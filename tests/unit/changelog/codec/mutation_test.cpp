// Whatever the bytes, a decoder answers: with an error, or with a value that is those bytes.
#include <cstring>
#include <memory>

#include <doctest/doctest.h>

#include "samples.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

// A copy with nothing behind it, so that a sanitizer sees one byte too many.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view text)
      : bytes_(std::make_unique<std::uint8_t[]>(text.size())), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
  }
  std::span<const std::uint8_t> bytes() const { return {bytes_.get(), size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.get()), size_}; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_;
};

std::vector<std::string> valid_records() {
  std::mt19937_64 random(31);
  std::vector<std::string> records = {encode_record(samples::plain_change()),
                                      encode_record(samples::full_change())};
  while (records.size() < 50) {
    std::string record = encode_record(samples::random_change(random));
    if (record.size() < 4000) records.push_back(std::move(record));
  }
  return records;
}

std::string mutated(std::string text, const std::string& other, std::mt19937_64& random) {
  for (std::uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
    if (text.empty()) return text;
    const std::size_t position = random() % text.size();
    switch (random() % 6) {
      case 0:
        text[position] = static_cast<char>(random());
        break;
      case 1:
        text[position] = static_cast<char>(text[position] ^ (1 << (random() % 8)));
        break;
      case 2:
        text.erase(position, 1 + random() % 8);
        break;
      case 3:
        text.insert(position, 1 + random() % 3, static_cast<char>(random()));
        break;
      case 4:
        text[position] = static_cast<char>(0x80 + random() % 0x60);
        break;
      default:
        text.replace(position, random() % 30, other, random() % other.size(), random() % 30);
    }
  }
  return text;
}

// True if it was accepted. Then it has to be canonical.
bool decode_survives(const std::string& text) {
  const ExactCopy copy(text);
  const auto view = decode_record(copy.bytes());
  if (!view) {
    REQUIRE(view.error().code == ErrorCode::invalid_change);
    REQUIRE_FALSE(view.error().text("field").empty());
    REQUIRE_FALSE(change_from_record(copy.bytes()).has_value());
    return false;
  }
  const Change change = view->to_change();
  const std::string record = encode_record(change);
  REQUIRE(record == samples::text_of(view->record));
  REQUIRE(view_trusted_record(copy.bytes().data()).to_change() == change);
  static_cast<void>(chain_hash(1, *view));
  const auto whole = change_from_record(copy.bytes());
  if (!whole) return false;
  REQUIRE(*whole == change);
  const std::string json = change_to_json(*view);
  if (change.dot.seq < (std::uint64_t{1} << 53)) static_cast<void>(change_from_json(json));
  return true;
}

TEST_CASE("no prefix of a record is a record, and none is read beyond its end") {
  for (const std::string& record : valid_records()) {
    for (std::size_t size = 0; size < record.size(); ++size) {
      REQUIRE_FALSE(decode_survives(record.substr(0, size)));
    }
    REQUIRE(decode_survives(record));
  }
}

TEST_CASE("mutated records decode to an error or to themselves") {
  const std::vector<std::string> records = valid_records();
  std::mt19937_64 random(32);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string& record = records[random() % records.size()];
    const std::string& other = records[random() % records.size()];
    accepted += decode_survives(mutated(record, other, random)) ? 1 : 0;
  }
  CHECK(accepted > 100);
  CHECK(accepted < 19'000);
}

TEST_CASE("random bytes behind a record's head decode to an error or to themselves") {
  std::mt19937_64 random(33);
  const std::string head = encode_record(samples::plain_change()).substr(0, 30);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 == 0 ? head : std::string{};
    for (std::uint64_t size = random() % 60; size > 0; --size) {
      text += static_cast<char>(random());
    }
    static_cast<void>(decode_survives(text));
  }
}

TEST_CASE("mutated JSON is read to an error or to a valid change") {
  std::mt19937_64 random(34);
  std::vector<std::string> texts;
  for (const std::string& record : valid_records()) {
    const ChangeView view = view_trusted_record(samples::bytes_of(record).data());
    texts.push_back(change_to_json(view));
    texts.push_back(change_to_json(view, {}, JsonPayload::base64));
  }
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string& text = texts[random() % texts.size()];
    const std::string& other = texts[random() % texts.size()];
    const ExactCopy copy(i < 2000 ? text.substr(0, random() % text.size())
                                  : mutated(text, other, random));
    const auto change = change_from_json(copy.text());
    if (!change) {
      REQUIRE(change.error().code == ErrorCode::invalid_change);
      REQUIRE_FALSE(change.error().text("field").empty());
      continue;
    }
    ++accepted;
    const std::string record = encode_record(*change);
    REQUIRE(change_from_record(samples::bytes_of(record)).value() == *change);
  }
  CHECK(accepted > 500);
}

TEST_CASE("every prefix of the JSON form is refused") {
  const std::string record = encode_record(samples::full_change());
  const std::string text = change_to_json(view_trusted_record(samples::bytes_of(record).data()));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const ExactCopy copy(std::string_view(text).substr(0, size));
    REQUIRE_FALSE(change_from_json(copy.text()).has_value());
  }
}

}  // namespace
}  // namespace syncline
