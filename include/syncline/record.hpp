// The one encoding of a change: what memory holds, the journal holds and the wire carries.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "syncline/change.hpp"
#include "syncline/error.hpp"

namespace syncline {

/// Encodes `change` as the MessagePack record of the wire protocol, section 2. Equal changes give
/// equal bytes. Requires a change that `validate` accepts.
std::string encode_record(const Change& change);

/// Checks what the grammar alone cannot tell: lengths, UTF-8, that a delete carries no data, that
/// JSON is JSON, that the context leaves out the change's own dot and what comes after it.
/// Errors: `invalid_change` with member `field`.
Result<void> validate(const ChangeView& change);

/// Reads the record at the beginning of `bytes` without copying; `record` in the answer tells how
/// many bytes it took. Accepts exactly what `encode_record` produces (shortest forms, sorted,
/// nothing unknown) and never reads outside `bytes`, whatever they are. Does not call `validate`.
/// Errors: `invalid_change` with member `field`.
Result<ChangeView> decode_record(std::span<const std::uint8_t> bytes);

/// `decode_record` for bytes that were decoded once already (a log's own): no checks.
ChangeView view_trusted_record(const std::uint8_t* bytes) noexcept;

/// `decode_record` and `validate` of exactly one record, nothing after it, as an owning value.
Result<Change> change_from_record(std::span<const std::uint8_t> bytes);

/// One step of an origin's chain: XXH3-64 of the record with its data replaced by their XXH3-64
/// (8 bytes, big-endian), seeded with the hash before it (0 before the first). A stub has the same
/// chain hash as the change that it stands for.
std::uint64_t chain_hash(std::uint64_t previous, const ChangeView& change);

/// True if the change's data stayed where it was written: what it carries in their place is their
/// XXH3-64 (8 bytes, big-endian). Requires a view with its tail.
bool is_stub(const ChangeView& change) noexcept;
bool is_stub(const Change& change) noexcept;
/// The record of the stub that stands for `change`: all of it but the data. A stub's is its own.
std::string make_stub(const ChangeView& change);
/// The XXH3-64 of the change's data, also where only a stub of it is held. Requires the tail.
std::uint64_t data_hash(const ChangeView& change) noexcept;
/// True if both are the same change, as it is or as a stub. Requires the tails.
bool same_change(const ChangeView& left, const ChangeView& right);

}  // namespace syncline
