#include "changelog/replica/checkpoint_entries.hpp"

#include <array>
#include <optional>

#include <msgpack.hpp>

#include "changelog/codec/msgpack_reader.hpp"

namespace syncline {
namespace {

using Packer = msgpack::packer<msgpack::sbuffer>;

Error damaged(const char* what) {
  return {ErrorCode::internal, std::string("the checkpoint's ") + what + " entry is damaged"};
}

template <std::size_t Count>
std::string pack_numbers(const std::array<std::uint64_t, Count>& numbers) {
  msgpack::sbuffer bytes;
  Packer packer(bytes);
  packer.pack_array(Count);
  for (const std::uint64_t number : numbers) packer.pack_uint64(number);
  return {bytes.data(), bytes.size()};
}

bool read_numbers(codec::MsgpackReader& reader, std::span<std::uint64_t> numbers) {
  for (std::uint64_t& number : numbers) {
    if (!reader.read_uint(number)) return false;
  }
  return reader.at_end();
}

void append_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(0x80 | (value & 0x7F)));
  bytes.push_back(static_cast<char>(value));
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// A filing's first number: the verdict, whether another head than the row's change before it was
// replaced, and how far back that change lies.
constexpr unsigned verdict_bits = 2;
constexpr std::uint64_t verdict_mask = (1U << verdict_bits) - 1;
constexpr unsigned distance_shift = verdict_bits + 1;

}  // namespace

std::string encode_log_state(const LogState& state) {
  const std::array<std::uint64_t, 5> numbers = {state.first, state.last, state.hash_before,
                                                state.last_hlc.value, state.received_ms_before};
  if (state.not_kept == 0) return pack_numbers(numbers);  // as the first versions read it
  return pack_numbers<6>(
      {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], state.not_kept});
}

Result<LogState> decode_log_state(std::span<const std::uint8_t> bytes) {
  codec::MsgpackReader reader(bytes);
  std::uint32_t count = 0;
  std::array<std::uint64_t, 6> numbers{};
  const bool good = reader.read_array(count) && (count == 5 || count == 6) &&
                    read_numbers(reader, std::span(numbers).first(count)) && numbers[0] != 0 &&
                    numbers[0] - 1 <= numbers[1];
  if (!good) return damaged("log_state");
  return LogState{numbers[0], numbers[1], numbers[2], {numbers[3]}, numbers[4], numbers[5]};
}

std::string encode_origin(const OriginRecord& origin) {
  msgpack::sbuffer bytes;
  Packer packer(bytes);
  packer.pack_array(8);
  packer.pack_bin(NodeId::size_bytes);
  packer.pack_bin_body(reinterpret_cast<const char*>(origin.node.data()), NodeId::size_bytes);
  for (const std::uint64_t number :
       {origin.summary, origin.in_log, origin.chain.seq, origin.chain.chain, origin.before_first,
        origin.chain_base.seq, origin.chain_base.chain}) {
    packer.pack_uint64(number);
  }
  return {bytes.data(), bytes.size()};
}

Result<OriginRecord> decode_origin(std::span<const std::uint8_t> bytes) {
  codec::MsgpackReader reader(bytes);
  std::uint32_t count = 0;
  std::string_view id;
  std::array<std::uint64_t, 7> numbers{};
  const bool good = reader.read_array(count) && count == 8 && reader.read_binary(id) &&
                    id.size() == NodeId::size_bytes && read_numbers(reader, numbers);
  if (!good) return damaged("origin");
  const NodeId node(std::span<const std::uint8_t, NodeId::size_bytes>(
      reinterpret_cast<const std::uint8_t*>(id.data()), NodeId::size_bytes));
  return OriginRecord{
      node, numbers[0], numbers[1], {numbers[2], numbers[3]}, numbers[4], {numbers[5], numbers[6]}};
}

std::string encode_conflict(const ConflictRecord& conflict) {
  return pack_numbers<4>(
      {conflict.local, conflict.remote, conflict.detected_at_us, conflict.not_kept});
}

Result<ConflictRecord> decode_conflict(std::span<const std::uint8_t> bytes) {
  codec::MsgpackReader reader(bytes);
  std::uint32_t count = 0;
  std::array<std::uint64_t, 4> numbers{};
  const bool good =
      reader.read_array(count) && count == numbers.size() && read_numbers(reader, numbers);
  if (!good) return damaged("conflict");
  return ConflictRecord{numbers[0], numbers[1], numbers[2], numbers[3]};
}

void append_filing(std::string& bytes, Lsn lsn, const ChangeLog::Filing& filing) {
  const std::uint64_t distance = filing.previous_of_row == 0 ? 0 : lsn - filing.previous_of_row;
  const bool elsewhere = filing.before_lsn != filing.previous_of_row;
  append_varint(bytes, (distance << distance_shift) | (std::uint64_t{elsewhere} << verdict_bits) |
                           static_cast<std::uint64_t>(filing.verdict));
  if (elsewhere) append_varint(bytes, filing.before_lsn);
}

Result<ChangeLog::Filing> take_filing(std::string_view& bytes, Lsn lsn) {
  const auto first = take_varint(bytes);
  if (!first || (*first >> distance_shift) >= lsn) return damaged("filings");
  ChangeLog::Filing filing;
  const std::uint64_t distance = *first >> distance_shift;
  filing.verdict = static_cast<Verdict>(*first & verdict_mask);
  filing.previous_of_row = distance == 0 ? 0 : lsn - distance;
  filing.before_lsn = filing.previous_of_row;
  if (((*first >> verdict_bits) & 1U) == 0) return filing;
  const auto before = take_varint(bytes);
  if (!before || *before >= lsn) return damaged("filings");
  filing.before_lsn = *before;
  return filing;
}

}  // namespace syncline
