#include "changelog/codec/json_text.hpp"

#include <algorithm>
#include <cstdint>

#include "changelog/codec/text_check.hpp"

namespace syncline::codec {
namespace {

constexpr std::string_view space = " \t\r\n";
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// The end of the string that begins at `begin`.
std::size_t end_of_string(std::string_view text, std::size_t begin) noexcept {
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.size();
}

std::size_t end_of_container(std::string_view text) noexcept {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      i = end_of_string(text, i) - 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return i + 1;
    }
  }
  return text.size();
}

std::uint32_t hex_unit(std::string_view digits) noexcept {
  std::uint32_t unit = 0;
  for (const char c : digits) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    unit = (unit << 4) | static_cast<std::uint32_t>(digit);
  }
  return unit;
}

void append_utf8(std::string& out, std::uint32_t character) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto put_rest = [&](int shift) { put(0x80 | ((character >> shift) & 0x3F)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | (character >> 6));
    put_rest(0);
  } else if (character < 0x1'0000) {
    put(0xE0 | (character >> 12));
    put_rest(6);
    put_rest(0);
  } else {
    put(0xF0 | (character >> 18));
    put_rest(12);
    put_rest(6);
    put_rest(0);
  }
}

// Appends what the escape at the beginning of `text` stands for and returns its size.
std::size_t append_unescaped(std::string& out, std::string_view text) {
  constexpr std::string_view letters = "bfnrt";
  constexpr std::string_view meanings = "\b\f\n\r\t";
  const char kind = text[1];
  if (kind != 'u') {
    const std::size_t index = letters.find(kind);
    out += index == std::string_view::npos ? kind : meanings[index];
    return 2;
  }
  const std::uint32_t first = hex_unit(text.substr(2, 4));
  if (first < 0xD800 || first > 0xDFFF) {
    append_utf8(out, first);
    return 6;
  }
  const std::uint32_t second = hex_unit(text.substr(8, 4));
  append_utf8(out, 0x1'0000 + ((first - 0xD800) << 10) + (second - 0xDC00));
  return 12;
}

bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

// Appends the first character of `text`, which is not plain, and returns how many bytes it took.
std::size_t append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view specials = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  constexpr std::string_view hex_digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(text[0]);
  const std::size_t special = specials.find(text[0]);
  if (special != std::string_view::npos) {
    out += '\\';
    out += letters[special];
    return 1;
  }
  if (byte < 0x20) {
    out += "\\u00";
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15U];
    return 1;
  }
  const std::size_t size = utf8_sequence(text);
  out += size > 0 ? text.substr(0, size) : replacement;
  return std::max<std::size_t>(size, 1);
}

}  // namespace

JsonItems::JsonItems(std::string_view text) noexcept : rest_(text) {
  skip_space();
  if (rest_.empty() || (rest_[0] != '{' && rest_[0] != '[')) {
    rest_ = {};
    return;
  }
  object_ = rest_[0] == '{';
}

bool JsonItems::next() noexcept {
  // What stands before an item is the opening bracket or a comma; what stands at the end is
  // neither.
  skip_space();
  if (rest_.size() < 2 || rest_[0] == '}' || rest_[0] == ']') return false;
  rest_.remove_prefix(1);
  skip_space();
  if (rest_.empty() || rest_[0] == '}' || rest_[0] == ']') return false;
  if (object_) {
    key_ = take_value();
    skip_space();
    if (!rest_.empty()) rest_.remove_prefix(1);  // the colon
    skip_space();
  }
  value_ = take_value();
  return true;
}

void JsonItems::skip_space() noexcept {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(space), rest_.size()));
}

std::string_view JsonItems::take_value() noexcept {
  std::size_t end = rest_.size();
  if (!rest_.empty() && rest_[0] == '"') {
    end = end_of_string(rest_, 0);
  } else if (!rest_.empty() && (rest_[0] == '{' || rest_[0] == '[')) {
    end = end_of_container(rest_);
  } else {
    end = std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size());
  }
  const std::string_view value = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return value;
}

std::string_view json_value(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string json_unquoted(std::string_view text) {
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_unescaped(out, text));
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto special = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto plain = static_cast<std::size_t>(special - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_escaped(out, text));
  }
  out += '"';
}

}  // namespace syncline::codec
