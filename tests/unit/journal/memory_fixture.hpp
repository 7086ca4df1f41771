// Files in memory, and what is in them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/memory_files.hpp"

namespace syncline {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// All of a file.
inline std::string text_in(MemoryFiles& files, const std::string& path) {
  return read_file(files, path, 1 << 20).value();
}

/// A new file that nobody has synced.
inline std::unique_ptr<File> created(MemoryFiles& files, const std::string& path,
                                     std::string_view text = {}) {
  auto file = files.open(path, FileMode::create).value();
  REQUIRE(file->write_at(0, bytes_of(text)));
  return file;
}

}  // namespace syncline
