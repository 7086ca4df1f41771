// Our checker of JSON and our walk through its text against another reader.
#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "changelog/codec/json_text.hpp"
#include "changelog/codec/text_check.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using nlohmann::json;

std::size_t depth_of(const json& document) {
  if (!document.is_structured()) return 0;
  std::size_t deepest = 0;
  for (const json& item : document) deepest = std::max(deepest, depth_of(item));
  return deepest + 1;
}

// The document as our walk finds it.
json walk(std::string_view text) {
  if (text.front() == '{') {
    json members = json::object();
    for (codec::JsonItems items(text); items.next();) {
      members[codec::json_unquoted(items.key())] = walk(items.value());
    }
    return members;
  }
  if (text.front() == '[') {
    json elements = json::array();
    for (codec::JsonItems items(text); items.next();) elements.push_back(walk(items.value()));
    return elements;
  }
  if (text.front() == '"') {
    const std::string plain = codec::json_unquoted(text);
    FUZZ_CHECK(codec::is_utf8(plain));
    std::string quoted;
    codec::append_json_string(quoted, plain);
    FUZZ_CHECK(codec::is_json(quoted) && codec::json_unquoted(quoted) == plain);
    return plain;
  }
  return json::parse(text, nullptr, false);
}

void check_members(std::string_view text, const json& document) {
  if (!document.is_object()) return;
  for (const auto& [name, value] : document.items()) {
    const auto member = app::member_text(text, name);
    FUZZ_CHECK(member.has_value());
    FUZZ_CHECK(json::parse(*member, nullptr, false) == value);
    if (value.is_array()) {
      FUZZ_CHECK(app::element_texts(*member).size() == value.size());
    }
  }
}

// Strings that are no JSON become some.
void check_any_text(std::string_view text) {
  std::string quoted;
  codec::append_json_string(quoted, text);
  FUZZ_CHECK(codec::is_json(quoted));
  if (codec::is_utf8(text)) FUZZ_CHECK(codec::json_unquoted(quoted) == text);
  FUZZ_CHECK(codec::is_json(app::json_string(text)));
}

}  // namespace

void json_text(Bytes bytes) {
  const std::string_view text = text_of(bytes);
  check_any_text(text);
  const bool ours = codec::is_json(text);
  const json document = json::parse(text, nullptr, false);
  // The other reader steps over a byte order mark, takes a NUL for the end, and goes to any depth.
  const bool theirs = !document.is_discarded() && !text.starts_with("\xEF\xBB\xBF") &&
                      text.find('\0') == std::string_view::npos &&
                      depth_of(document) <= limits::max_nesting;
  FUZZ_CHECK(ours == theirs);
  app::member_text(text, "a");
  app::array_texts(text, "a");
  if (!ours) return;
  FUZZ_CHECK(app::is_json(text));
  const std::string_view value = text.substr(text.find_first_not_of(" \t\r\n"));
  FUZZ_CHECK(walk(value.substr(0, value.find_last_not_of(" \t\r\n") + 1)) == document);
  check_members(text, document);
  FUZZ_CHECK(json::parse(app::dump_json(document), nullptr, false) == document);
}

}  // namespace syncline::fuzz
