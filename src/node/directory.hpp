// What is done with a data directory as a whole, before there is a node in it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "syncline/node.hpp"

namespace syncline::node {

/// The directory that `path` is in, "." if the path has but one part.
std::string parent_of(const std::string& path);

/// Creates a directory with its parents, durably. Nothing happens to one that is there.
Result<void> make_directory(FileSystem& files, const std::string& path);

/// Checks that a directory without a catalogue has nothing in it that somebody could miss.
/// Errors: `bad_request` (something else lives there), `internal` (a catalogue is missing).
Result<void> check_unused(FileSystem& files, const std::string& directory);

/// Locks a directory, waiting up to `wait` for another process to let it go. Errors: `unavailable`,
/// with the member `process` if the directory is in use.
Result<std::unique_ptr<FileLock>> lock_directory(FileSystem& files, const std::string& directory,
                                                 std::chrono::milliseconds wait);

}  // namespace syncline::node
