#include <doctest/doctest.h>

#include "changelog/codec/hash.hpp"
#include "samples.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

std::uint64_t chain_of(const Change& change, std::uint64_t previous) {
  const std::string record = encode_record(change);
  return chain_hash(previous, view_trusted_record(samples::bytes_of(record).data()));
}

std::string hash_text(std::string_view data) {
  std::uint64_t hash = codec::hash_bytes(data.data(), data.size());
  std::string text(8, '\0');
  for (std::size_t i = 8; i > 0; --i) {
    text[i - 1] = static_cast<char>(hash & 0xFF);
    hash >>= 8;
  }
  return text;
}

// By the definition: the record of the same change with the hash for data.
std::uint64_t chain_by_definition(Change change, std::uint64_t previous) {
  if (change.metadata.erase("stub") == 0) change.data = hash_text(change.data);
  const std::string record = encode_record(change);
  return codec::hash_bytes(record.data(), record.size(), previous);
}

TEST_CASE("the chain hash is what the protocol says, for any change") {
  std::mt19937_64 random(17);
  std::uint64_t previous = 0;
  for (int i = 0; i < 3000; ++i) {
    const Change change = samples::random_change(random);
    const std::uint64_t expected = chain_by_definition(change, previous);
    REQUIRE(chain_of(change, previous) == expected);
    previous = expected;
  }
}

TEST_CASE("a stub hashes as the change that it stands for") {
  std::mt19937_64 random(18);
  for (int i = 0; i < 3000; ++i) {
    Change change = samples::random_change(random);
    if (change.metadata.contains("stub")) continue;
    Change stub = change;
    stub.data = hash_text(change.data);
    stub.metadata.emplace("stub", "1");
    REQUIRE(chain_of(stub, 99) == chain_of(change, 99));
  }
}

TEST_CASE("a stub is found among metadata on both sides of the small map") {
  for (std::size_t size : {1U, 14U, 15U, 16U, 17U, 40U}) {
    Change change = samples::plain_change();
    for (std::size_t i = 0; i < size; ++i) change.metadata.emplace(std::to_string(i), "x");
    change.metadata.emplace("zzz", std::string(size * 100, 'v'));
    Change stub = change;
    stub.data = hash_text(change.data);
    stub.metadata.emplace("stub", "");
    CHECK(chain_of(stub, 1) == chain_of(change, 1));
  }
}

TEST_CASE("every field and the hash before count") {
  const Change change = samples::full_change();
  const std::uint64_t hash = chain_of(change, 5);
  CHECK(chain_of(change, 6) != hash);
  Change other = change;
  other.data[2] = 'N';
  CHECK(chain_of(other, 5) != hash);
  other = change;
  other.hlc.value += 1;
  CHECK(chain_of(other, 5) != hash);
  other = change;
  other.metadata["actor"] = "bob";
  CHECK(chain_of(other, 5) != hash);
}

TEST_CASE("the hash of a known record never changes") {
  CHECK(chain_of(samples::plain_change(), 0) == 10'618'740'101'955'276'124U);
  CHECK(chain_of(samples::full_change(), 0x0123'4567'89AB'CDEF) == 10'575'299'212'872'210'592U);
}

}  // namespace
}  // namespace syncline
