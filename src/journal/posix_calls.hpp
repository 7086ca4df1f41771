// System calls on files, wrapped so that they do the whole of what they are asked for.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace syncline::journal_internal {

/// Calls `call` again as long as a signal interrupts it; returns what it returned.
template <typename Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// An open file descriptor; closed by the destructor, which leaves errno alone.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  /// Negative when it could not be opened.
  int number() const noexcept { return number_; }

 private:
  int number_;
};

/// Writes all of `bytes` at `offset`. Returns 0 or an errno.
int write_all(int descriptor, std::uint64_t offset, std::span<const std::uint8_t> bytes);

/// Reads into `out` from `offset` until it is full or the file ends, and adds to `count` what it
/// read. Returns 0 or an errno.
int read_all(int descriptor, std::uint64_t offset, std::span<std::uint8_t> out, std::size_t& count);

/// Takes room for everything below `size`, see `File::reserve`. Returns 0 or an errno.
int reserve_room(int descriptor, std::uint64_t size);

/// The same where the file system has no call for it: writes zeros into the holes and behind the
/// end. Returns 0 or an errno.
int fill_holes(int descriptor, std::uint64_t size);

}  // namespace syncline::journal_internal
