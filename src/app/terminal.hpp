// What is known of the streams that the program prints to.
#pragma once

#include <cstddef>

namespace syncline::app {

/// One output stream as a person sees it.
struct Terminal {
  bool interactive = false;  ///< a terminal, not a file or a pipe
  std::size_t width = 0;     ///< in columns; 0: no limit
};

/// Asks the operating system about an open file descriptor.
Terminal inspect_terminal(int descriptor) noexcept;

/// Whether `descriptor` is a pipe or socket that nobody reads from any more.
bool is_reader_gone(int descriptor) noexcept;

}  // namespace syncline::app
