#include "app/terminal.hpp"

#include <unistd.h>

#include <sys/ioctl.h>

namespace syncline::app {

Terminal inspect_terminal(int descriptor) noexcept {
  if (isatty(descriptor) == 0) return {};
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {true, 80};
  return {true, size.ws_col};
}

}  // namespace syncline::app
