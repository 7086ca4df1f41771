#include "app/json_text.hpp"

#include <nlohmann/json.hpp>

namespace syncline::app {
namespace {

// Reads valid JSON from left to right. At the end of the text all steps do nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  char peek() {
    while (position_ < text_.size() && is_space(text_[position_])) ++position_;
    return position_ < text_.size() ? text_[position_] : '\0';
  }
  bool accept(char expected) {
    if (peek() != expected) return false;
    ++position_;
    return true;
  }
  // The next value's text.
  std::string_view value() {
    const char first = peek();
    const std::size_t begin = position_;
    if (first == '"') {
      skip_string();
    } else if (first == '{' || first == '[') {
      skip_nested();
    } else {
      while (position_ < text_.size() && !is_delimiter(text_[position_])) ++position_;
    }
    return text_.substr(begin, position_ - begin);
  }

 private:
  static bool is_space(char letter) {
    return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
  }
  static bool is_delimiter(char letter) {
    return is_space(letter) || letter == ',' || letter == ']' || letter == '}' || letter == ':';
  }
  void skip_string() {
    ++position_;
    while (position_ < text_.size() && text_[position_] != '"') {
      position_ += text_[position_] == '\\' ? 2U : 1U;
    }
    position_ = std::min(position_ + 1, text_.size());
  }
  void skip_nested() {
    std::size_t depth = 0;
    while (position_ < text_.size()) {
      const char letter = text_[position_];
      if (letter == '"') {
        skip_string();
        continue;
      }
      ++position_;
      if (letter == '{' || letter == '[') ++depth;
      if ((letter == '}' || letter == ']') && --depth == 0) return;
    }
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

bool key_is(std::string_view quoted, std::string_view name) {
  if (quoted.find('\\') == std::string_view::npos) {
    return quoted.size() == name.size() + 2 && quoted.substr(1, name.size()) == name;
  }
  const auto key = parse_json(quoted);
  return key.is_string() && key.get_ref<const std::string&>() == name;
}

}  // namespace

std::optional<std::string_view> member_text(std::string_view object, std::string_view name) {
  std::optional<std::string_view> found;
  Scanner scanner(object);
  if (!scanner.accept('{')) return found;
  while (scanner.peek() == '"') {
    const std::string_view key = scanner.value();
    if (!scanner.accept(':')) break;
    const std::string_view value = scanner.value();
    if (key_is(key, name)) found = value;
    if (!scanner.accept(',')) break;
  }
  return found;
}

std::vector<std::string_view> element_texts(std::string_view array) {
  std::vector<std::string_view> found;
  Scanner scanner(array);
  if (!scanner.accept('[') || scanner.peek() == ']') return found;
  do {
    const std::string_view value = scanner.value();
    if (value.empty()) break;
    found.push_back(value);
  } while (scanner.accept(','));
  return found;
}

std::vector<std::string_view> array_texts(std::string_view object, std::string_view name) {
  const auto array = member_text(object, name);
  return array ? element_texts(*array) : std::vector<std::string_view>{};
}

std::string json_string(std::string_view text) { return dump_json(nlohmann::json(text)); }

bool is_json(std::string_view text) { return nlohmann::json::accept(text); }

nlohmann::json parse_json(std::string_view text) {
  return nlohmann::json::parse(text, nullptr, false);
}

std::string dump_json(const nlohmann::json& document, int indent) {
  return document.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace syncline::app
