#include "changelog/replica/journal_entries.hpp"

#include <msgpack.hpp>

#include "changelog/codec/msgpack_reader.hpp"

namespace syncline {
namespace {

using Packer = msgpack::packer<msgpack::sbuffer>;

void pack_id(Packer& packer, const NodeId& id) {
  packer.pack_bin(NodeId::size_bytes);
  packer.pack_bin_body(reinterpret_cast<const char*>(id.data()), NodeId::size_bytes);
}

bool read_id(codec::MsgpackReader& reader, NodeId& id) {
  std::string_view bytes;
  if (!reader.read_binary(bytes) || bytes.size() != NodeId::size_bytes) return false;
  id = NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(
      reinterpret_cast<const std::uint8_t*>(bytes.data()), NodeId::size_bytes));
  return true;
}

Error damaged(const char* what) {
  return {ErrorCode::internal, std::string("the journal's ") + what + " entry is damaged"};
}

}  // namespace

JournalEntry entry_of(JournalEntryKind kind, std::string_view bytes) {
  JournalEntry entry;
  entry.kind = kind;
  entry.bytes = {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  return entry;
}

std::string encode_identity(const Identity& identity) {
  msgpack::sbuffer bytes;
  Packer packer(bytes);
  packer.pack_array(2);
  pack_id(packer, identity.node);
  pack_id(packer, identity.log);
  return {bytes.data(), bytes.size()};
}

Result<Identity> decode_identity(std::span<const std::uint8_t> bytes) {
  codec::MsgpackReader reader(bytes);
  Identity identity;
  std::uint32_t count = 0;
  const bool good = reader.read_array(count) && count == 2 && read_id(reader, identity.node) &&
                    read_id(reader, identity.log);
  if (!good) return damaged("identity");
  return identity;
}

std::string encode_property(const Property& property) {
  msgpack::sbuffer bytes;
  Packer packer(bytes);
  packer.pack_array(2);
  packer.pack(property.name);
  if (property.value) {
    packer.pack_bin(static_cast<std::uint32_t>(property.value->size()));
    packer.pack_bin_body(property.value->data(),
                         static_cast<std::uint32_t>(property.value->size()));
  } else {
    packer.pack_nil();
  }
  return {bytes.data(), bytes.size()};
}

Result<Property> decode_property(std::span<const std::uint8_t> bytes) {
  codec::MsgpackReader reader(bytes);
  std::uint32_t count = 0;
  std::string_view name;
  std::string_view value;
  if (!reader.read_array(count) || count != 2 || !reader.read_string(name)) {
    return damaged("property");
  }
  if (reader.read_nil()) return Property{std::string(name), std::nullopt};
  if (!reader.read_binary(value)) return damaged("property");
  return Property{std::string(name), std::string(value)};
}

std::string encode_clock(const VectorClock& clock) {
  msgpack::sbuffer bytes;
  Packer packer(bytes);
  packer.pack_array(static_cast<std::uint32_t>(2 * clock.size()));
  for (const VectorClock::Entry& entry : clock.entries()) {
    pack_id(packer, entry.node);
    packer.pack_uint64(entry.seq);
  }
  return {bytes.data(), bytes.size()};
}

Result<VectorClock> decode_clock(std::span<const std::uint8_t> bytes) {
  codec::MsgpackReader reader(bytes);
  std::uint32_t count = 0;
  if (!reader.read_array(count) || count % 2 != 0) return damaged("summary");
  VectorClock clock;
  for (std::uint32_t i = 0; i < count; i += 2) {
    NodeId node;
    std::uint64_t seq = 0;
    if (!read_id(reader, node) || !reader.read_uint(seq)) return damaged("summary");
    clock.set(node, seq);
  }
  return clock;
}

}  // namespace syncline
