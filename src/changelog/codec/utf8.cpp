#include <cstdint>
#include <cstring>

#include "changelog/codec/text_check.hpp"

namespace syncline::codec {
namespace {

bool continues(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::size_t utf8_sequence(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!continues(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
  if (lead == 0xED && second > 0x9F) return 0;  // surrogates
  if (lead == 0xF0 && second < 0x90) return 0;  // overlong
  if (lead == 0xF4 && second > 0x8F) return 0;  // beyond U+10FFFF
  return size;
}

namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);

bool is_ascii_word(const char* bytes) noexcept {
  constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, word_bytes);
  return (word & high_bits) == 0;
}

/// Names and ids are nearly always ASCII: a word at a time, the last one overlapping.
bool is_ascii(std::string_view text) noexcept {
  if (text.size() < word_bytes) {
    char all = 0;
    for (const char c : text) all = static_cast<char>(all | c);
    return (all & 0x80) == 0;
  }
  for (std::size_t i = 0; i + word_bytes < text.size(); i += word_bytes) {
    if (!is_ascii_word(text.data() + i)) return false;
  }
  return is_ascii_word(text.data() + text.size() - word_bytes);
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  if (is_ascii(text)) return true;
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace syncline::codec
