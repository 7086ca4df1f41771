// Every limit of the core in one place, with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syncline::limits {

/// A table's name, in bytes. Long enough for "schema.table" of any database.
inline constexpr std::size_t max_table_bytes = 255;
/// A row's id, in bytes. Long enough for composite keys and paths.
inline constexpr std::size_t max_row_id_bytes = 1024;
/// One change's payload in bytes by default: a document, not a file.
inline constexpr std::size_t default_max_change_bytes = std::size_t{1} << 20;
/// What `max_change_bytes` may be raised to: a record has to fit into one segment number and one
/// 32-bit length.
inline constexpr std::size_t max_change_bytes = std::size_t{64} << 20;
/// Entries of a change's metadata, and bytes of each key and value: it is for who and why, not for
/// data.
inline constexpr std::size_t max_metadata_entries = 32;
inline constexpr std::size_t max_metadata_key_bytes = 255;
inline constexpr std::size_t max_metadata_value_bytes = 4096;
/// Origins in one causal context: what one row can have been written by between two stable markers.
inline constexpr std::size_t max_context_entries = 65535;
/// Changes in one batch, page or transaction by default.
inline constexpr std::size_t default_max_batch_changes = 10'000;
/// Bytes in one request or answer body by default.
inline constexpr std::size_t default_max_body_bytes = std::size_t{8} << 20;
/// How far ahead of the hub's clock a pushed own change may be dated, in milliseconds.
inline constexpr std::uint64_t default_max_clock_drift_ms = 120'000;
/// Conflict reports kept of one row; beyond it they are counted, not kept.
inline constexpr std::size_t max_conflicts_per_row = 1024;
/// Conflict reports kept of one tenant, and their age in milliseconds (a year). Beyond either,
/// those go that nothing can open again, the oldest first: a report is for people to look at, and
/// keeps a row's history alive.
inline constexpr std::size_t default_max_conflict_reports = 100'000;
inline constexpr std::uint64_t default_max_conflict_report_age_ms =
    std::uint64_t{365} * 24 * 3'600 * 1'000;
/// Replicas that a tenant's node remembers, and what one may say of itself in bytes (name, role,
/// tables and metadata together): memory that no plan counts as storage.
inline constexpr std::size_t max_peers = 10'000;
inline constexpr std::size_t max_registration_bytes = 16'384;
/// How long a replica may be silent before it is given up, in seconds: by default 90 days, which is
/// a long holiday; at least a minute, since contact is told to the minute; at most ten years.
inline constexpr std::uint64_t default_lease_s = std::uint64_t{90} * 24 * 3600;
inline constexpr std::uint64_t min_lease_s = 60;
inline constexpr std::uint64_t max_lease_s = std::uint64_t{10} * 365 * 24 * 3600;
/// Consumers of a tenant's changes that are known by name, and bytes of a name: each holds the log.
inline constexpr std::size_t max_consumers = 100;
inline constexpr std::size_t max_consumer_name_bytes = 63;
/// A replica's properties: see `Replica::set_property`. A value holds what a peer told of itself
/// and a clock of some thousand origins.
inline constexpr std::size_t max_property_name_bytes = 255;
inline constexpr std::size_t max_property_value_bytes = std::size_t{4} << 20;
/// Changes that one page of the log looks at, whatever its filter lets through: some hundredths of
/// a second, for which other connections of the same thread wait.
inline constexpr std::size_t max_examined_changes = std::size_t{1} << 18;
/// Nesting of a JSON or MessagePack document that a decoder follows.
inline constexpr std::size_t max_nesting = 64;

}  // namespace syncline::limits
