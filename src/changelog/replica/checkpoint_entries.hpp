// The bytes of journal entries that only checkpoints have: see docs/formats/checkpoint.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "changelog/replica/origin_progress.hpp"
#include "syncline/change_log.hpp"
#include "syncline/hybrid_clock.hpp"

namespace syncline {

/// Where a log begins and how far the checkpoint goes.
struct LogState {
  Lsn first = 1;
  Lsn last = 0;                   ///< the checkpoint says how things stood after this change
  std::uint64_t hash_before = 0;  ///< running hash before `first`
  HybridTime last_hlc;
  std::uint64_t received_ms_before = 0;  ///< when the change before `first` arrived
  std::uint64_t not_kept = 0;            ///< conflicts that were only counted, told with no row
};

/// What was known of one origin.
struct OriginRecord {
  NodeId node;
  Sequence summary = 0;
  Sequence in_log = 0;
  ChainPoint chain;
  Sequence before_first = 0;  ///< its highest seq from before the log's beginning
  ChainPoint chain_base;      ///< where its chain begins to be known
};

/// A conflict by the LSNs of its sides.
struct ConflictRecord {
  Lsn local = 0;
  Lsn remote = 0;
  std::uint64_t detected_at_us = 0;
  std::uint64_t not_kept = 0;  ///< conflicts of the same row that were only counted; told once
};

/// MessagePack [first, last, hash before, hlc, received ms before], and [not kept] if that is not
/// 0.
std::string encode_log_state(const LogState& state);
/// Errors, as of the others: `internal`, the entry is damaged.
Result<LogState> decode_log_state(std::span<const std::uint8_t> bytes);

/// MessagePack [node bin16, summary, in log, chained, chain, before first, base seq, base chain].
std::string encode_origin(const OriginRecord& origin);
Result<OriginRecord> decode_origin(std::span<const std::uint8_t> bytes);

/// MessagePack [local, remote, detected us, not kept].
std::string encode_conflict(const ConflictRecord& conflict);
Result<ConflictRecord> decode_conflict(std::span<const std::uint8_t> bytes);

/// Appends how the change at `lsn` was filed: its verdict, the row's change before it, and the head
/// that it replaced. A few bytes.
void append_filing(std::string& bytes, Lsn lsn, const ChangeLog::Filing& filing);
/// Takes what `append_filing` wrote off the front of `bytes`; time of arrival and flag of the
/// answer are not set.
Result<ChangeLog::Filing> take_filing(std::string_view& bytes, Lsn lsn);

}  // namespace syncline
