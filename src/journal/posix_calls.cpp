#include "journal/posix_calls.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <limits>
#include <unistd.h>

namespace syncline::journal_internal {
namespace {

// Beyond it the system's signed offsets would turn negative.
bool is_offset(std::uint64_t value) {
  return value <= static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
}

int write_zeros(int descriptor, std::uint64_t from, std::uint64_t to) {
  static constexpr std::array<std::uint8_t, std::size_t{64} * 1024> zeros{};
  while (from < to) {
    const std::uint64_t size = std::min<std::uint64_t>(to - from, zeros.size());
    if (const int error = write_all(descriptor, from, std::span(zeros).first(size)); error != 0) {
      return error;
    }
    from += size;
  }
  return 0;
}

// Where the next data (SEEK_DATA) or hole (SEEK_HOLE) is; `otherwise` when there is none from there
// to the end of the file.
int seek_next(int descriptor, std::uint64_t from, int what, std::uint64_t otherwise,
              std::uint64_t& found) {
  const off_t offset = ::lseek(descriptor, static_cast<off_t>(from), what);
  if (offset < 0 && errno != ENXIO) return errno;
  found = offset < 0 ? otherwise : static_cast<std::uint64_t>(offset);
  return 0;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ < 0) return;
  const int error = errno;
  // What close reports was not lost by it: who needs the bytes on the disk has called sync.
  ::close(number_);
  errno = error;
}

int write_all(int descriptor, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (!is_offset(offset) || !is_offset(offset + bytes.size())) return EFBIG;
  while (!bytes.empty()) {
    const ssize_t count = uninterrupted([&] {
      return ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (count < 0) return errno;
    if (count == 0) return EIO;  // The system gives no reason, and might give none for ever.
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

int read_all(int descriptor, std::uint64_t offset, std::span<std::uint8_t> out,
             std::size_t& count) {
  if (!is_offset(offset)) return 0;  // No file reaches that far.
  while (!out.empty() && is_offset(offset)) {
    const ssize_t got = uninterrupted(
        [&] { return ::pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset)); });
    if (got < 0) return errno;
    if (got == 0) return 0;
    offset += static_cast<std::uint64_t>(got);
    count += static_cast<std::size_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return 0;
}

int fill_holes(int descriptor, std::uint64_t size) {
  if (!is_offset(size)) return EFBIG;
  std::uint64_t from = 0;
  while (from < size) {
    // The end of a file counts as a hole, and behind it there is no data.
    std::uint64_t hole = from;
    if (const int error = seek_next(descriptor, from, SEEK_HOLE, from, hole); error != 0) {
      return error;
    }
    if (hole >= size) return 0;
    std::uint64_t data = size;
    if (const int error = seek_next(descriptor, hole, SEEK_DATA, size, data); error != 0) {
      return error;
    }
    // What is no ordinary file may answer anything; zeros must not go where there is data.
    if (hole < from || data <= hole) return EOPNOTSUPP;
    data = std::min(data, size);
    if (const int error = write_zeros(descriptor, hole, data); error != 0) return error;
    from = data;
  }
  return 0;
}

int reserve_room(int descriptor, std::uint64_t size) {
  if (size == 0) return 0;  // An error for the system.
  if (!is_offset(size)) return EFBIG;
  const int done =
      uninterrupted([&] { return ::fallocate(descriptor, 0, 0, static_cast<off_t>(size)); });
  if (done == 0) return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  return fill_holes(descriptor, size);
}

}  // namespace syncline::journal_internal
