// Cuts JSON text into the texts of its parts, so that payloads keep their exact bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace syncline::app {

/// The text of the member called `name` (the last one, should there be several), without the white
/// space around it. Requires valid JSON; any other text gives nothing sensible but does no harm.
std::optional<std::string_view> member_text(std::string_view object, std::string_view name);

/// The texts of an array's elements. Requires valid JSON, as above.
std::vector<std::string_view> element_texts(std::string_view array);

/// The elements of the array called `name` in an object; none if there is no such member.
std::vector<std::string_view> array_texts(std::string_view object, std::string_view name);

/// `text` as a JSON string with its quotes. What is not UTF-8 in it is replaced.
std::string json_string(std::string_view text);

/// True if `text` is one JSON document.
bool is_json(std::string_view text);

/// The document that `text` is, a discarded value if it is none. Never throws. (Here, so that the
/// parser is compiled once.)
nlohmann::json parse_json(std::string_view text);

/// The document as text, in one line or, with `indent` > 0, in several. What is not UTF-8 in its
/// strings is replaced.
std::string dump_json(const nlohmann::json& document, int indent = -1);

}  // namespace syncline::app
