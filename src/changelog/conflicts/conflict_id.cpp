// Names of conflicts.

#include <algorithm>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <msgpack.hpp>

#include "syncline/conflict.hpp"

namespace syncline {
namespace {

// Syncline's own namespace for conflicts; frozen, since ids are compared between versions.
constexpr boost::uuids::uuid conflict_namespace = {{0x5c, 0x1e, 0x9a, 0x04, 0x6b, 0x7d, 0x4f, 0x3a,
                                                    0x9e, 0x52, 0xd0, 0x83, 0x47, 0xaf, 0x21,
                                                    0xc6}};

void pack_dot(msgpack::packer<msgpack::sbuffer>& packer, const Dot& dot) {
  packer.pack_bin(NodeId::size_bytes);
  packer.pack_bin_body(reinterpret_cast<const char*>(dot.origin.data()), NodeId::size_bytes);
  packer.pack_uint64(dot.seq);
}

}  // namespace

ConflictId conflict_id(std::string_view tenant, std::string_view table, std::string_view row_id,
                       const Dot& first, const Dot& second) {
  msgpack::sbuffer name;
  msgpack::packer<msgpack::sbuffer> packer(name);
  packer.pack_array(7);
  for (const std::string_view text : {tenant, table, row_id}) {
    packer.pack_str(static_cast<std::uint32_t>(text.size()));
    packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
  }
  pack_dot(packer, std::min(first, second));
  pack_dot(packer, std::max(first, second));
  return boost::uuids::name_generator_sha1(conflict_namespace)(name.data(), name.size());
}

std::string to_string(const ConflictId& id) { return boost::uuids::to_string(id); }

Result<ConflictId> conflict_id_from_string(std::string_view text) {
  if (auto parsed = NodeId::parse(text)) return parsed->uuid();
  return Error{
      ErrorCode::bad_request,
      "'" + std::string(text) + "' is not a conflict id, which is a UUID of 36 characters"};
}

}  // namespace syncline
