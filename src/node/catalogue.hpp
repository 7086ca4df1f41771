// The file NODE of a data directory.
//
//   file  = magic format length body hash
//   magic  = "SYNCNODE"
//   format = 4 bytes, 2                         numbers are little-endian
//   length = 4 bytes, of the body
//   hash   = 8 bytes, XXH3-64 of all before it
//   body   = MessagePack [next_number, edge, [tenant, …]]
//   edge   = nil | [server str, tenant str, name str] | [the same three, [table str, …]]
//   tenant = [id str, directory str, created_at_us, plan, settings]
//   plan   = [name str, storage_bytes, max_connections, requests_per_second, change_log 0|1]
//   settings = [version, max_clock_drift_ms, default policy str, {table str: policy str, …},
//               [max_age_s, max_bytes, max_changes], home nil|"self"|UUID str, lease_s,
//               consumer_max_lag]
//
// In format 1 the settings end with the retention. The frame is the same in all formats, so that an
// older program can tell a newer one from damage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "syncline/node.hpp"

namespace syncline::node {

inline constexpr std::uint32_t catalogue_format = 2;
/// More than a hundred thousand tenants.
inline constexpr std::uint64_t max_catalogue_bytes = std::uint64_t{64} << 20;

// The names in a data directory.
inline constexpr std::string_view catalogue_name = "NODE";
/// The same bytes once more, for when the first is damaged.
inline constexpr std::string_view catalogue_copy_name = "NODE.copy";
/// A damaged catalogue that a repair kept; numbers follow from the second on.
inline constexpr std::string_view set_aside_name = "damaged-NODE";
inline constexpr std::string_view lock_name = "LOCK";
inline constexpr std::string_view tenants_name = "tenants";

/// The path of a tenant's directory.
std::string tenant_path(const std::string& directory, const std::string& tenant_directory);
/// The name of the directory of the `number`-th tenant.
std::string tenant_directory(std::string_view id, std::uint64_t number);

std::string encode_catalogue(const NodeCatalogue& catalogue);
/// Errors: `bad_request` (newer), `internal` (damaged); the detail has no path.
Result<NodeCatalogue> decode_catalogue(std::string_view bytes);

/// Reads one of the two files. Errors: as of `read_catalogue`.
Result<NodeCatalogue> read_catalogue_file(FileSystem& files, const std::string& path);
/// Writes both. After an error both are made again from `before` (null: there was none); if the
/// disk refuses that as well, each of them is the old or the new one, whole.
Result<void> write_catalogue(FileSystem& files, const std::string& directory,
                             const NodeCatalogue& catalogue, const NodeCatalogue* before);

}  // namespace syncline::node
