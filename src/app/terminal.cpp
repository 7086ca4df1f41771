#include "app/terminal.hpp"

#include <poll.h>
#include <unistd.h>

#include <sys/ioctl.h>

namespace syncline::app {

Terminal inspect_terminal(int descriptor) noexcept {
  if (isatty(descriptor) == 0) return {};
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {true, 80};
  return {true, size.ws_col};
}

bool is_reader_gone(int descriptor) noexcept {
  pollfd asked{descriptor, POLLOUT, 0};
  return poll(&asked, 1, 0) == 1 && (asked.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace syncline::app
