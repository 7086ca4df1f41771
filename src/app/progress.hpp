// A progress bar for long commands.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "app/terminal.hpp"

namespace syncline::app {

/// One line of a progress display in at most `width` columns. `total` 0: not known, no bar.
std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total,
                          std::string_view unit, double seconds, std::size_t width);

/// Shows how far a command is, on a terminal only. The line is taken away at the end.
class Progress {
 public:
  using Now = std::chrono::steady_clock::time_point (*)();

  /// `out` has to outlive it. `total` 0: not known.
  Progress(std::ostream& out, const Terminal& terminal, std::string label, std::string unit,
           std::uint64_t total, Now now = &std::chrono::steady_clock::now);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Sets how much is done. Draws at most ten times a second.
  void update(std::uint64_t done);
  /// Takes the line away, so that something else can be printed. Idempotent.
  void clear();

 private:
  std::ostream& out_;
  const Terminal terminal_;
  const std::string label_;
  const std::string unit_;
  const std::uint64_t total_;
  const Now now_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_;
  bool visible_ = false;
};

}  // namespace syncline::app
