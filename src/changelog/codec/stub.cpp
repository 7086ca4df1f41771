// Stubs: changes whose data stayed where they were written.

#include <algorithm>

#include "changelog/codec/big_endian.hpp"
#include "changelog/codec/hash.hpp"
#include "changelog/codec/record_format.hpp"
#include "changelog/codec/record_tail.hpp"
#include "changelog/mutation.hpp"
#include "syncline/record.hpp"

namespace syncline {

bool is_stub(const ChangeView& change) noexcept {
  if (change.tail.empty() || codec::is_plain_tail(change.tail)) return false;
  bool found = false;
  const std::uint8_t* position = codec::metadata_of_tail(change.tail);
  codec::read_trusted_metadata(position, [&found](std::string_view key, std::string_view) {
    found = found || key == codec::stub_key;
  });
  return found;
}

bool is_stub(const Change& change) noexcept { return change.metadata.contains(codec::stub_key); }

std::string make_stub(const ChangeView& change) {
  Change stub = change.to_change();
  if (!is_stub(change)) {
    std::uint8_t hash[codec::hash_bytes_size];
    codec::store_big_endian(hash, codec::hash_bytes(change.data.data(), change.data.size()));
    stub.data.assign(reinterpret_cast<const char*>(hash), sizeof hash);
    stub.metadata.emplace(codec::stub_key, "1");
  }
  return encode_record(stub);
}

std::uint64_t data_hash(const ChangeView& change) noexcept {
  if (is_stub(change) && change.data.size() == codec::hash_bytes_size) {
    return codec::load_big_endian<codec::hash_bytes_size>(
        reinterpret_cast<const std::uint8_t*>(change.data.data()));
  }
  return codec::hash_bytes(change.data.data(), change.data.size());
}

bool same_change(const ChangeView& left, const ChangeView& right) {
  if (std::ranges::equal(left.record, right.record)) return true;
  if (mutated(Mutation::stub_is_another_change)) return false;
  if (left.dot != right.dot || is_stub(left) == is_stub(right)) return false;
  return chain_hash(0, left) == chain_hash(0, right);
}

}  // namespace syncline
