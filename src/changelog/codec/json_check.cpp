// Every JSON payload that comes in is checked, so this is on the hot path of replication: it walks
// the text once, builds nothing and allocates nothing.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include <nlohmann/json.hpp>

#include "changelog/codec/text_check.hpp"

namespace syncline::codec {
namespace {

// Numbers with an exponent or with more digits than this may be beyond what a double holds.
constexpr std::size_t surely_finite_digits = 300;

// Which of eight bytes (their high bits) a string cannot take as they are: control characters,
// quotes, backslashes, and what is not ASCII. May be wrong above the first one that is right.
std::uint64_t special_bytes(std::uint64_t eight) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  constexpr std::uint64_t high_bits = 0x80 * ones;
  const std::uint64_t quote = eight ^ (ones * '"');
  const std::uint64_t backslash = eight ^ (ones * '\\');
  return ((eight - ones * 0x20) | (quote - ones) | (backslash - ones) | eight) & high_bits;
}

class JsonChecker {
 public:
  JsonChecker(std::string_view text, std::size_t max_nesting) noexcept
      : position_(text.data()), end_(text.data() + text.size()), max_nesting_(max_nesting) {}

  bool check() {
    bool want_value = true;
    while (want_value) {
      if (!begin_value(want_value)) return false;
      // A value is complete; so may be what contains it.
      while (!want_value && depth_ > 0) {
        if (!after_value(want_value)) return false;
      }
    }
    skip_space();
    return position_ == end_;
  }

 private:
  char peek() const noexcept { return position_ == end_ ? '\0' : *position_; }
  bool accept(char c) noexcept {
    if (position_ == end_ || *position_ != c) return false;
    ++position_;
    return true;
  }
  void skip_space() noexcept {
    while (position_ != end_ &&
           (*position_ == ' ' || *position_ == '\n' || *position_ == '\t' || *position_ == '\r')) {
      ++position_;
    }
  }

  // Reads a scalar or an empty container, or opens one: then another value is wanted.
  bool begin_value(bool& want_value) {
    skip_space();
    want_value = false;
    switch (peek()) {
      case '{':
        return open(true, want_value);
      case '[':
        return open(false, want_value);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool open(bool object, bool& want_value) noexcept {
    ++position_;
    if (depth_ == max_nesting_) return false;
    skip_space();
    if (accept(object ? '}' : ']')) return true;
    in_object_[depth_++] = object;
    want_value = true;
    return !object || key();
  }

  bool after_value(bool& want_value) noexcept {
    const bool object = in_object_[depth_ - 1];
    skip_space();
    if (accept(',')) {
      want_value = true;
      skip_space();
      return !object || key();
    }
    --depth_;
    return accept(object ? '}' : ']');
  }

  bool key() noexcept {
    if (!string()) return false;
    skip_space();
    return accept(':');
  }

  bool word(std::string_view expected) noexcept {
    const std::string_view rest(position_, static_cast<std::size_t>(end_ - position_));
    if (!rest.starts_with(expected)) return false;
    position_ += expected.size();
    return true;
  }

  bool string() noexcept {
    if (!accept('"')) return false;
    for (;;) {
      skip_plain_characters();
      if (position_ == end_) return false;
      const char c = *position_;
      if (c == '"') {
        ++position_;
        return true;
      }
      if (c == '\\') {
        if (!escape()) return false;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      const std::size_t size =
          utf8_sequence({position_, static_cast<std::size_t>(end_ - position_)});
      if (size == 0) return false;
      position_ += size;
    }
  }

  void skip_plain_characters() noexcept {
    if constexpr (std::endian::native != std::endian::little) return;
    while (end_ - position_ >= 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, position_, sizeof eight);
      const std::uint64_t special = special_bytes(eight);
      if (special != 0) {
        position_ += std::countr_zero(special) / 8;
        return;
      }
      position_ += sizeof eight;
    }
  }

  bool escape() noexcept {
    ++position_;
    if (position_ == end_) return false;
    const char c = *position_++;
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    std::uint32_t unit = 0;
    if (!hex_unit(unit)) return false;
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    // A half of a surrogate pair alone names no character.
    return unit < 0xDC00 && accept('\\') && accept('u') && hex_unit(unit) && unit >= 0xDC00 &&
           unit <= 0xDFFF;
  }

  bool hex_unit(std::uint32_t& unit) noexcept {
    if (end_ - position_ < 4) return false;
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *position_++;
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        digit = static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
      } else {
        return false;
      }
      unit = (unit << 4) | digit;
    }
    return true;
  }

  bool digits() noexcept {
    const char* const begin = position_;
    while (position_ != end_ && *position_ >= '0' && *position_ <= '9') ++position_;
    return position_ != begin;
  }

  bool number() {
    const char* const begin = position_;
    accept('-');
    if (!accept('0') && !digits()) return false;
    if (accept('.') && !digits()) return false;
    bool exponent = false;
    if (accept('e') || accept('E')) {
      exponent = true;
      if (!accept('+')) accept('-');
      if (!digits()) return false;
    }
    const auto size = static_cast<std::size_t>(position_ - begin);
    if (!exponent && size <= surely_finite_digits) return true;
    return nlohmann::json::accept(begin, position_);
  }

  const char* position_;
  const char* end_;
  std::size_t max_nesting_;
  std::size_t depth_ = 0;
  std::array<bool, limits::max_nesting + wrapper_nesting> in_object_{};
};

}  // namespace

bool is_json(std::string_view text, std::size_t max_nesting) {
  return JsonChecker(text, max_nesting).check();
}

}  // namespace syncline::codec
