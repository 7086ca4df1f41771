// Which files make up a journal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "syncline/dot.hpp"
#include "syncline/file_system.hpp"

namespace syncline::journal_internal {

inline constexpr std::string_view manifest_name = "MANIFEST";
inline constexpr std::string_view lock_name = "LOCK";

/// One segment file. `end`, `last_hash` and the LSNs are known once it is closed.
struct SegmentInfo {
  std::uint64_t number = 0;
  std::uint64_t start = 0;  ///< the journal position of its first batch
  std::uint64_t end = 0;    ///< behind its last batch; 0: it is the one that is being written
  std::uint64_t last_hash = 0;
  Lsn first_lsn = 0;  ///< of the first change in it; 0: it has none
  Lsn last_lsn = 0;
  bool compressed = false;

  std::string name() const;
  bool closed() const noexcept { return end != 0; }
};

/// The checkpoint file; number 0: there is none.
struct CheckpointInfo {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t last_hash = 0;
  Lsn first_lsn = 0;  ///< the log begins here
  Lsn last_lsn = 0;   ///< of the changes in the file itself

  std::string name() const;
};

/// A value. The file MANIFEST holds one; it is only ever replaced as a whole.
struct Manifest {
  /// `FileSystem::identity` of the directory that the journal was written in.
  std::uint64_t directory = 0;
  /// All before this position was whole and durable when the manifest was written.
  std::uint64_t verified = 0;
  bool closed_cleanly = false;
  std::uint64_t next_number = 1;
  CheckpointInfo checkpoint;
  std::vector<SegmentInfo> segments;  ///< in order; the last one is not closed
};

std::string encode_manifest(const Manifest& manifest);
/// Errors: `bad_request` for a newer format or something else, `internal` for damage; the detail
/// does not name the file.
Result<Manifest> decode_manifest(std::string_view bytes);

/// Errors: those of the file system and of `decode_manifest`, naming the file.
Result<Manifest> read_manifest(FileSystem& files, const std::string& directory);
Result<void> write_manifest(FileSystem& files, const std::string& directory,
                            const Manifest& manifest);

}  // namespace syncline::journal_internal
