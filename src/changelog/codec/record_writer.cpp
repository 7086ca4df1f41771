#include "changelog/codec/record_writer.hpp"

#include <cstring>

#include <msgpack.hpp>

#include "changelog/codec/record_format.hpp"

namespace syncline::codec {
namespace {

// What the packer writes to: memory known to be large enough. Inlined by force, or a call for each
// number would cost more than all the rest.
struct Memory {
  std::uint8_t* position;

  [[gnu::always_inline]] void write(const char* bytes, std::size_t size) noexcept {
    if (size == 0) return;  // `bytes` may be null then
    std::memcpy(position, bytes, size);
    position += size;
  }
};

using Packer = msgpack::packer<Memory>;

constexpr std::size_t header_bytes = 5;  // the longest of a string, array or map
constexpr std::size_t number_bytes = 9;

inline void pack_text(Packer& packer, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  packer.pack_str(size).pack_str_body(text.data(), size);
}

inline void pack_binary(Packer& packer, const void* bytes, std::size_t size) {
  const auto size32 = static_cast<std::uint32_t>(size);
  packer.pack_bin(size32).pack_bin_body(static_cast<const char*>(bytes), size32);
}

void pack_transaction(Packer& packer, const TransactionPart& part) {
  packer.pack_array(3);
  packer.pack_uint64(part.number);
  packer.pack_uint64(part.index);
  packer.pack_uint64(part.count);
}

void pack_metadata(Packer& packer, const Metadata& metadata) {
  packer.pack_map(static_cast<std::uint32_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    pack_text(packer, key);
    pack_text(packer, value);
  }
}

}  // namespace

std::size_t max_record_bytes(const RecordFields& fields) noexcept {
  constexpr std::size_t fixed = 1 + 1 + (2 + NodeId::size_bytes) + 2 * number_bytes + 1 +
                                3 * header_bytes + number_bytes + 1 + header_bytes +
                                (1 + 3 * number_bytes) + header_bytes;
  std::size_t size = fixed + fields.table.size() + fields.row_id.size() +
                     fields.context.size_bytes() + fields.data.size();
  if (fields.metadata) {
    for (const auto& [key, value] : *fields.metadata) {
      size += 2 * header_bytes + key.size() + value.size();
    }
  }
  return size;
}

std::uint8_t* write_record(std::uint8_t* out, const RecordFields& fields) noexcept {
  Memory memory{out};
  Packer packer(memory);
  packer.pack_array(record_fields);
  packer.pack_uint64(record_version);
  pack_binary(packer, fields.origin->data(), NodeId::size_bytes);
  packer.pack_uint64(fields.seq);
  packer.pack_uint64(fields.hlc.value);
  packer.pack_uint64(static_cast<std::uint8_t>(fields.operation));
  pack_text(packer, fields.table);
  pack_text(packer, fields.row_id);
  packer.pack_array(2 * fields.context.size());
  if (!fields.context.empty()) {
    std::memcpy(memory.position, fields.context.data(), fields.context.size_bytes());
    memory.position += fields.context.size_bytes();
  }
  packer.pack_uint64(fields.stable);
  packer.pack_uint64(static_cast<std::uint8_t>(fields.format));
  pack_binary(packer, fields.data.data(), fields.data.size());
  if (fields.transaction) {
    pack_transaction(packer, *fields.transaction);
  } else {
    packer.pack_nil();
  }
  if (fields.metadata && !fields.metadata->empty()) {
    pack_metadata(packer, *fields.metadata);
  } else {
    packer.pack_nil();
  }
  return memory.position;
}

std::uint8_t* write_context_entry(std::uint8_t* out, const std::uint8_t* node,
                                  Sequence seq) noexcept {
  Memory memory{out};
  Packer packer(memory);
  pack_binary(packer, node, NodeId::size_bytes);
  packer.pack_uint64(seq);
  return memory.position;
}

}  // namespace syncline::codec
