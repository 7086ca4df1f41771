// The bytes of one input, and parts taken off their front.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace syncline::fuzz {

using Bytes = std::span<const std::uint8_t>;

inline std::string_view text_of(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Takes an input apart. What is not there reads as 0 or as nothing.
class Input {
 public:
  explicit Input(Bytes bytes) noexcept : rest_(bytes) {}

  bool empty() const noexcept { return rest_.empty(); }
  std::uint8_t byte() noexcept {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  /// Big-endian.
  std::uint64_t number(unsigned width_bytes) noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width_bytes; ++i) value = (value << 8) | byte();
    return value;
  }
  /// What two bytes of length and then that many bytes say, or all there is.
  Bytes sized() noexcept {
    const std::uint64_t wanted = number(2);
    const Bytes taken = rest_.first(wanted < rest_.size() ? wanted : rest_.size());
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  Bytes rest() noexcept {
    const Bytes all = rest_;
    rest_ = {};
    return all;
  }

 private:
  Bytes rest_;
};

/// A copy with nothing behind it, so that a sanitizer sees it if one byte too many is read.
class ExactCopy {
 public:
  explicit ExactCopy(Bytes bytes)
      : bytes_(std::make_unique<std::uint8_t[]>(bytes.size())), size_(bytes.size()) {
    if (!bytes.empty()) std::memcpy(bytes_.get(), bytes.data(), bytes.size());
  }
  Bytes bytes() const noexcept { return {bytes_.get(), size_}; }
  std::string_view text() const noexcept { return text_of(bytes()); }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_;
};

}  // namespace syncline::fuzz
