#include "node/catalogue.hpp"

#include <msgpack.hpp>

#include "changelog/codec/hash.hpp"
#include "changelog/codec/msgpack_reader.hpp"

namespace syncline::node {
namespace {

using Packer = msgpack::packer<msgpack::sbuffer>;
using codec::MsgpackReader;

constexpr std::string_view magic = "SYNCNODE";
constexpr std::size_t head_bytes = 16;
constexpr std::size_t hash_bytes = 8;

void append_number(std::string& bytes, std::uint64_t number, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    bytes += static_cast<char>(static_cast<std::uint8_t>(number >> (8 * i)));
  }
}

std::uint64_t number_at(std::string_view bytes, std::size_t offset, std::size_t width) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < width; ++i) {
    number |= std::uint64_t{static_cast<std::uint8_t>(bytes[offset + i])} << (8 * i);
  }
  return number;
}

void pack_tenant(Packer& packer, const StoredTenant& tenant) {
  packer.pack_array(5);
  packer.pack(tenant.id);
  packer.pack(tenant.directory);
  packer.pack(tenant.created_at_us);
  packer.pack_array(5);
  packer.pack(tenant.plan.name);
  packer.pack(tenant.plan.storage_bytes);
  packer.pack(tenant.plan.max_connections);
  packer.pack(tenant.plan.requests_per_second);
  packer.pack(tenant.plan.change_log ? 1U : 0U);
  packer.pack_array(8);
  packer.pack(tenant.settings.version);
  packer.pack(tenant.settings.max_clock_drift_ms);
  packer.pack(tenant.settings.policies.default_policy);
  packer.pack_map(static_cast<std::uint32_t>(tenant.settings.policies.tables.size()));
  for (const auto& [table, policy] : tenant.settings.policies.tables) {
    packer.pack(table);
    packer.pack(policy);
  }
  packer.pack_array(3);
  packer.pack(tenant.settings.retention.max_age_s);
  packer.pack(tenant.settings.retention.max_bytes);
  packer.pack(tenant.settings.retention.max_changes);
  if (tenant.settings.home) {
    packer.pack(tenant.settings.home->is_nil() ? "self" : tenant.settings.home->to_string());
  } else {
    packer.pack_nil();
  }
  packer.pack(tenant.settings.lease_s);
  packer.pack(tenant.settings.consumer_max_lag);
}

bool read_text(MsgpackReader& reader, std::string& text) {
  std::string_view view;
  if (!reader.read_string(view)) return false;
  text = view;
  return true;
}

bool read_count(MsgpackReader& reader, std::uint32_t wanted) {
  std::uint32_t count = 0;
  return reader.read_array(count) && count == wanted;
}

bool read_plan(MsgpackReader& reader, Plan& plan) {
  std::uint64_t change_log = 0;
  const bool good = read_count(reader, 5) && read_text(reader, plan.name) &&
                    reader.read_uint(plan.storage_bytes) &&
                    reader.read_uint(plan.max_connections) &&
                    reader.read_uint(plan.requests_per_second) && reader.read_uint(change_log);
  plan.change_log = change_log == 1;
  return good && change_log <= 1;
}

bool read_home(MsgpackReader& reader, std::optional<NodeId>& home) {
  home.reset();
  if (reader.read_nil()) return true;
  std::string text;
  if (!read_text(reader, text)) return false;
  home = NodeId();
  if (text == "self") return true;
  const Result<NodeId> node = NodeId::parse(text);
  if (node) home = *node;
  return node.has_value();
}

/// `is_edge`: what the first format does not say of the home is that of a server's tenant, or none.
bool read_settings(MsgpackReader& reader, TenantSettings& settings, bool is_edge) {
  std::uint32_t tables = 0;
  std::uint32_t members = 0;
  if (!reader.read_array(members) || (members != 5 && members != 8) ||
      !reader.read_uint(settings.version) || !reader.read_uint(settings.max_clock_drift_ms) ||
      !read_text(reader, settings.policies.default_policy) || !reader.read_map(tables)) {
    return false;
  }
  for (std::uint32_t i = 0; i < tables; ++i) {
    std::string table;
    if (!read_text(reader, table) || !read_text(reader, settings.policies.tables[table])) {
      return false;
    }
  }
  Retention& retention = settings.retention;
  if (!read_count(reader, 3) || !reader.read_uint(retention.max_age_s) ||
      !reader.read_uint(retention.max_bytes) || !reader.read_uint(retention.max_changes)) {
    return false;
  }
  if (members == 5) {
    if (is_edge) settings.home.reset();
    return true;
  }
  return read_home(reader, settings.home) && reader.read_uint(settings.lease_s) &&
         reader.read_uint(settings.consumer_max_lag);
}

/// The name of a directory is part of a path: what a strange catalogue says must not lead out of
/// its directory.
bool is_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

bool read_tenant(MsgpackReader& reader, StoredTenant& tenant, bool is_edge) {
  return read_count(reader, 5) && read_text(reader, tenant.id) &&
         read_text(reader, tenant.directory) && reader.read_uint(tenant.created_at_us) &&
         validate_tenant_id(tenant.id).has_value() && is_name(tenant.directory) &&
         read_plan(reader, tenant.plan) && read_settings(reader, tenant.settings, is_edge);
}

bool read_body(MsgpackReader& reader, NodeCatalogue& catalogue) {
  if (!read_count(reader, 3) || !reader.read_uint(catalogue.next_number)) return false;
  if (!reader.read_nil()) {
    EdgeHome home;
    std::uint32_t count = 0;
    if (!reader.read_array(count) || count < 3 || count > 4 || !read_text(reader, home.server) ||
        !read_text(reader, home.tenant) || !read_text(reader, home.name)) {
      return false;
    }
    std::uint32_t tables = 0;
    if (count == 4 && !reader.read_array(tables)) return false;
    for (std::uint32_t i = 0; i < tables; ++i) {
      if (!read_text(reader, home.tables.emplace_back())) return false;
    }
    catalogue.edge = std::move(home);
  }
  std::uint32_t tenants = 0;
  if (!reader.read_array(tenants)) return false;
  for (std::uint32_t i = 0; i < tenants; ++i) {
    if (!read_tenant(reader, catalogue.tenants.emplace_back(), catalogue.edge.has_value())) {
      return false;
    }
  }
  return reader.at_end();
}

Error damaged(const std::string& what) { return {ErrorCode::internal, "it is damaged: " + what}; }

}  // namespace

std::string tenant_path(const std::string& directory, const std::string& tenant_directory) {
  return join_path(join_path(directory, tenants_name), tenant_directory);
}

std::string tenant_directory(std::string_view id, std::uint64_t number) {
  return std::string(id) + '.' + std::to_string(number);
}

std::string encode_catalogue(const NodeCatalogue& catalogue) {
  const bool has_tables = catalogue.edge && !catalogue.edge->tables.empty();
  msgpack::sbuffer body;
  Packer packer(body);
  packer.pack_array(3);
  packer.pack(catalogue.next_number);
  if (catalogue.edge) {
    packer.pack_array(has_tables ? 4 : 3);
    packer.pack(catalogue.edge->server);
    packer.pack(catalogue.edge->tenant);
    packer.pack(catalogue.edge->name);
    if (has_tables) packer.pack(catalogue.edge->tables);
  } else {
    packer.pack_nil();
  }
  packer.pack_array(static_cast<std::uint32_t>(catalogue.tenants.size()));
  for (const StoredTenant& tenant : catalogue.tenants) pack_tenant(packer, tenant);

  std::string bytes(magic);
  append_number(bytes, catalogue_format, 4);
  append_number(bytes, body.size(), 4);
  bytes.append(body.data(), body.size());
  append_number(bytes, codec::hash_bytes(bytes.data(), bytes.size()), hash_bytes);
  return bytes;
}

Result<NodeCatalogue> decode_catalogue(std::string_view bytes) {
  if (!bytes.starts_with(magic)) return damaged("it does not begin with " + std::string(magic));
  if (bytes.size() < head_bytes + hash_bytes) return damaged("it is cut off");
  const std::size_t length = number_at(bytes, 12, 4);
  const std::size_t expected = head_bytes + length + hash_bytes;
  if (bytes.size() != expected) {
    return damaged("it has " + std::to_string(bytes.size()) + " bytes and should have " +
                   std::to_string(expected));
  }
  const std::size_t hashed = bytes.size() - hash_bytes;
  if (number_at(bytes, hashed, 8) != codec::hash_bytes(bytes.data(), hashed)) {
    return damaged("its bytes do not have the hash that it says");
  }
  const std::uint64_t format = number_at(bytes, 8, 4);
  if (format > catalogue_format) {
    return Error{ErrorCode::bad_request,
                 "it has format " + std::to_string(format) + ", and this program knows up to " +
                     std::to_string(catalogue_format) + "; use a newer program"};
  }
  NodeCatalogue catalogue;
  MsgpackReader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()) + head_bytes, length});
  if (format == 0 || !read_body(reader, catalogue)) return damaged("it is no catalogue");
  return catalogue;
}

Result<NodeCatalogue> read_catalogue_file(FileSystem& files, const std::string& path) {
  const auto bytes = read_file(files, path, max_catalogue_bytes);
  if (!bytes) return bytes.error();
  auto catalogue = decode_catalogue(*bytes);
  if (catalogue) return catalogue;
  Error error = catalogue.error();
  error.detail = "the catalogue " + path + " cannot be used: " + error.detail;
  return error;
}

Result<void> write_catalogue(FileSystem& files, const std::string& directory,
                             const NodeCatalogue& catalogue, const NodeCatalogue* before) {
  const std::string bytes = encode_catalogue(catalogue);
  const std::string copy = join_path(directory, catalogue_copy_name);
  // The copy first: who has to fall back on it must not miss a tenant, or its data would go as
  // those of nobody.
  auto written = replace_file(files, copy, bytes);
  if (written) written = replace_file(files, join_path(directory, catalogue_name), bytes);
  if (!written && before != nullptr) {
    // Also where the rename went through and only its durability is in doubt. Best effort: the
    // error that counts is the one that there is already.
    const std::string old = encode_catalogue(*before);
    static_cast<void>(replace_file(files, join_path(directory, catalogue_name), old));
    static_cast<void>(replace_file(files, copy, old));
  }
  return written;
}

}  // namespace syncline::node
