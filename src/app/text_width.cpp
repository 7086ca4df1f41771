#include "app/text_width.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace syncline::app {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size_bytes = 1;
  bool valid = true;
};

// Reads the character at the beginning of `text`, which is not empty. Overlong forms, surrogates
// and cut sequences are one invalid byte.
CodePoint next_code_point(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xF0 && lead < 0xF5   ? 4U
                           : lead >= 0xE0 && lead < 0xF0 ? 3U
                           : lead >= 0xC2 && lead < 0xE0 ? 2U
                                                         : 1U;
  if (size == 1 || text.size() < size) return {0xFFFD, 1, false};
  std::uint32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {0xFFFD, 1, false};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {0xFFFD, 1, false};
  return {value, size, true};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Combining marks of the scripts that names of places and languages are written in, joiners and
// variation selectors.
constexpr std::array<Range, 20> zero_width{
    {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
     {0x0900, 0x0902}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0E31, 0x0E31},
     {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
     {0x202A, 0x202E}, {0x2060, 0x206F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}}};

constexpr std::array<Range, 12> double_width{{{0x1100, 0x115F},
                                              {0x2E80, 0x303E},
                                              {0x3041, 0x33FF},
                                              {0x3400, 0x4DBF},
                                              {0x4E00, 0x9FFF},
                                              {0xA000, 0xA4CF},
                                              {0xAC00, 0xD7A3},
                                              {0xF900, 0xFAFF},
                                              {0xFE30, 0xFE6F},
                                              {0xFF00, 0xFF60},
                                              {0x1F300, 0x1FAFF},
                                              {0x20000, 0x3FFFD}}};

template <std::size_t Size>
bool contains(const std::array<Range, Size>& ranges, std::uint32_t value) noexcept {
  return std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

std::size_t width_of(const CodePoint& point) noexcept {
  if (point.value < 0x300) return 1;
  if (contains(zero_width, point.value)) return 0;
  return contains(double_width, point.value) ? 2 : 1;
}

bool is_control(const CodePoint& point) noexcept {
  return point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0) ||
         (point.value >= 0x202A && point.value <= 0x202E);  // would turn the line's direction
}

}  // namespace

std::size_t text_width(std::string_view text) noexcept {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = next_code_point(text);
    width += width_of(point);
    text.remove_prefix(point.size_bytes);
  }
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t used = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const CodePoint point = next_code_point(text.substr(end));
    const std::size_t columns = width_of(point);
    if (used + columns > width - 1) break;  // the last column is the ellipsis's
    used += columns;
    end += point.size_bytes;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = next_code_point(text);
    if (!point.valid) {
      result += "\xEF\xBF\xBD";
    } else if (is_control(point)) {
      result += ' ';
    } else {
      result.append(text.substr(0, point.size_bytes));
    }
    text.remove_prefix(point.size_bytes);
  }
  return result;
}

}  // namespace syncline::app
