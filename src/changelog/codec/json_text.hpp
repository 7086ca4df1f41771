// Reading JSON by its text, so that a value can be kept exactly as it was written.
#pragma once

#include <string>
#include <string_view>

namespace syncline::codec {

/// Goes through the members of an object or the elements of an array without parsing what they
/// hold. Requires text that `is_json` accepts; anything but an object or array has no items. Owns
/// nothing: what it gives are parts of the text.
class JsonItems {
 public:
  explicit JsonItems(std::string_view text) noexcept;

  /// Goes on to the first, then to the next item. False when there is none.
  bool next() noexcept;
  /// The member's name in its quotes, as written; empty in an array.
  std::string_view key() const noexcept { return key_; }
  /// The exact text of the value, without the space around it.
  std::string_view value() const noexcept { return value_; }

 private:
  std::string_view take_value() noexcept;
  void skip_space() noexcept;

  std::string_view rest_;
  std::string_view key_;
  std::string_view value_;
  bool object_ = false;
};

/// The text without the space that JSON allows around a value. Between members of a larger text
/// nobody can tell to whom such space belongs, so it is no part of a value.
std::string_view json_value(std::string_view text) noexcept;

/// What the text of a JSON string (with its quotes) says. Requires text that `is_json` accepts.
std::string json_unquoted(std::string_view text);

/// Appends `text` as a JSON string with its quotes. What is not UTF-8 in it becomes U+FFFD, so the
/// result is JSON whatever the bytes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace syncline::codec
