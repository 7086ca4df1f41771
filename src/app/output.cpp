#include "app/output.hpp"

#include <fstream>
#include <iterator>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/text_width.hpp"

namespace syncline::app {

const nlohmann::json& member_of(const nlohmann::json& object, std::string_view name) {
  static const nlohmann::json absent;
  if (!object.is_object()) return absent;
  const auto found = object.find(name);
  return found == object.end() ? absent : *found;
}

std::string text_of(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json& value = member_of(object, name);
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : dump_json(value);
}

std::uint64_t number_of(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json& value = member_of(object, name);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

void print_json(Session& session, std::string_view text) { session.out << text << '\n'; }

void print_json_list(Session& session, std::string_view name, const std::vector<std::string>& texts,
                     std::string_view next) {
  session.out << '{' << json_string(name) << ":[";
  for (std::size_t i = 0; i < texts.size(); ++i) session.out << (i > 0 ? "," : "") << texts[i];
  session.out << "],\"next\":" << (next.empty() ? "null" : json_string(next)) << "}\n";
}

void print_table(Session& session, const Table& table) {
  session.out << table.to_text(session.out_terminal.width);
}

ExitCode wrong_usage(Session& session, std::string_view message) {
  session.err << "syncline: " << message << '\n';
  return ExitCode::usage;
}

std::string payload_line(std::string_view object_text) {
  if (const auto data = member_text(object_text, "data")) return std::string(*data);
  if (const auto encoded = member_text(object_text, "data_base64")) {
    return "base64 " + std::string(*encoded);
  }
  return {};
}

std::string row_name(const nlohmann::json& change) {
  return printable(text_of(change, "table") + '/' + text_of(change, "row_id"));
}

std::string short_id(std::string_view uuid) { return std::string(uuid.substr(0, 8)); }

std::string short_time(std::string_view time) {
  constexpr std::size_t to_milliseconds = 23;
  std::string text(time.substr(0, to_milliseconds));
  if (const std::size_t separator = text.find('T'); separator != std::string::npos) {
    text[separator] = ' ';
  }
  while (!text.empty() && text.back() == 'Z') text.pop_back();
  return text;
}

Result<std::string> read_whole(Session& session, const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(session.in), {});
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(ErrorCode::not_found, "cannot open the file '" + path + "'");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace syncline::app
