#include "api/row_body.hpp"

#include <algorithm>

#include "api/media.hpp"
#include "sync/messages.hpp"
#include "sync/report_json.hpp"
#include "syncline/record.hpp"

namespace syncline::api {

nlohmann::json row_to_body(const Row& row, BodyFormat format, JsonPayload payload) {
  const ChangeView& winner = *row.winner;
  nlohmann::json body = nlohmann::json::object();
  body["table"] = winner.table;
  body["row_id"] = winner.row_id;
  body["operation"] = to_string(winner.operation);
  body["hlc"] = winner.hlc.to_string();
  body["origin"] = winner.dot.origin.to_string();
  body["seq"] = winner.dot.seq;
  body["context"] = clock_to_body(WireClock(winner.context.to_clock()));
  body["stable"] = winner.stable;
  body["lsn"] = row.lsn;
  body["token"] = Replica::token_of(row);
  if (is_stub(winner)) {  // what it carries is a hash of data that are not here
    body["data"] = nullptr;
    body["stub"] = true;
  } else {
    set_payload(body, winner.payload(), format, payload);
  }
  nlohmann::json& siblings = body["siblings"] = nlohmann::json::array();
  for (const ChangeView& sibling : row.siblings) siblings.push_back(record_node(sibling.record));
  return body;
}

std::string entity_tag(std::string_view token) { return '"' + std::string(token) + '"'; }

bool TagCondition::names_strongly(std::string_view token) const {
  return std::find(tags.begin(), tags.end(), token) != tags.end();
}

bool TagCondition::names(std::string_view token) const {
  return names_strongly(token) ||
         std::find(weak_tags.begin(), weak_tags.end(), token) != weak_tags.end();
}

TagCondition read_tags(const HttpRequest& request, std::string_view header_name) {
  TagCondition condition;
  std::string_view rest = header(request, header_name);
  condition.given = !rest.empty();
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t,"), rest.size()));
    if (rest.empty()) return condition;
    const bool weak = rest.starts_with("W/");
    if (weak) rest.remove_prefix(2);
    const bool quoted = rest.starts_with('"');
    if (quoted) rest.remove_prefix(1);
    // A comma within quotes belongs to the tag.
    const std::size_t end = std::min(rest.find_first_of(quoted ? "\"" : " \t,"), rest.size());
    const std::string_view tag = rest.substr(0, end);
    rest.remove_prefix(std::min(quoted ? end + 1 : end, rest.size()));
    if (tag == "*" && !quoted && !weak) {
      condition.any = true;
    } else {
      (weak ? condition.weak_tags : condition.tags).emplace_back(tag);
    }
  }
}

Result<std::string> read_text(const nlohmann::json& object, std::string_view name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::string();
  if (!found->is_string()) {
    return Error(ErrorCode::bad_request, "The member \"" + std::string(name) + "\" has to be text.")
        .with("member", std::string(name));
  }
  return found->get<std::string>();
}

Result<GivenPayload> read_payload(const nlohmann::json& object) {
  GivenPayload given;
  const auto format_name = read_text(object, "format");
  if (!format_name) return format_name.error();
  PayloadFormat format = PayloadFormat::bytes;
  if (!format_name->empty()) {
    const auto named = payload_format_from_string(*format_name);
    if (!named) return named.error();
    format = *named;
  }
  if (object.contains("data_base64")) {
    const auto text = read_text(object, "data_base64");
    if (!text) return text.error();
    auto bytes = from_base64(*text);
    if (!bytes) return bytes.error();
    return GivenPayload{format, std::move(*bytes), true};
  }
  const auto data = object.find("data");
  if (data == object.end()) return given;
  if (is_node(*data, NodeKind::json_text)) {
    return GivenPayload{PayloadFormat::json, std::string(node_bytes(*data)), true};
  }
  if (data->is_null()) return given;
  if (!data->is_binary()) {
    return Error(ErrorCode::bad_request,
                 "In MessagePack \"data\" has to be binary, with \"format\" beside it.")
        .with("member", "data");
  }
  return GivenPayload{format, std::string(node_bytes(*data)), true};
}

}  // namespace syncline::api
