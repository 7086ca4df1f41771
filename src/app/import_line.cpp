#include "app/import_line.hpp"

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "syncline/change_json.hpp"

namespace syncline::app {
namespace {

Error invalid(std::string detail) { return Error(ErrorCode::invalid_change, std::move(detail)); }

Result<ImportLine> parse_change(std::string_view text) {
  const auto change = change_from_json(text);
  if (!change) return change.error();
  ImportLine line;
  line.kind = ImportLine::Kind::change;
  line.text = text;
  line.dot = change->dot;
  line.transaction = change->transaction;
  return line;
}

// The members of a payload as text, with a comma before them. Empty if there is none.
std::string payload_members(std::string_view object) {
  if (const auto data = member_text(object, "data")) return ",\"data\":" + std::string(*data);
  const auto encoded = member_text(object, "data_base64");
  const auto format = member_text(object, "format");
  if (!encoded || !format) return {};
  return ",\"data_base64\":" + std::string(*encoded) + ",\"format\":" + std::string(*format);
}

}  // namespace

Result<ImportLine> parse_import_line(std::string_view text) {
  const auto parsed = parse_json(text);
  if (parsed.is_discarded()) return invalid("this is not JSON");
  if (!parsed.is_object()) return invalid("this is not a JSON object");
  if (parsed.contains("origin")) return parse_change(text);
  for (const char* name : {"table", "row_id"}) {
    const auto found = parsed.find(name);
    if (found == parsed.end()) return invalid(std::string("the member '") + name + "' is missing");
    if (!found->is_string()) return invalid(std::string("'") + name + "' is not a string");
  }
  const std::string payload = payload_members(text);
  if (payload.empty()) {
    return invalid("there is neither 'data' nor 'data_base64' with 'format'");
  }
  ImportLine line;
  line.text = "{\"operation\":\"put\",\"table\":" + std::string(*member_text(text, "table")) +
              ",\"row_id\":" + std::string(*member_text(text, "row_id")) + payload + '}';
  return line;
}

std::string row_line(std::string_view table, std::string_view row_id, std::string_view source) {
  return "{\"table\":" + json_string(table) + ",\"row_id\":" + json_string(row_id) +
         payload_members(source) + '}';
}

}  // namespace syncline::app
