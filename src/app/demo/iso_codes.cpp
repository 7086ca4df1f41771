#include "app/demo/iso_codes.hpp"

#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"

namespace syncline::app {
namespace {

// The file is {key: [row…]}; `id_member` of a row is its id.
Result<std::vector<SourceRow>> load_table(const std::string& directory, const std::string& key,
                                          const std::string& id_member, const std::string& table) {
  const std::string path = directory + "/iso_" + key + ".json";
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error(ErrorCode::not_found,
                 "cannot read " + path + "; it is in the Debian package iso-codes");
  }
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto parsed = parse_json(text);
  const bool usable = parsed.is_object() && parsed.contains(key) && parsed[key].is_array();
  if (!usable) return Error(ErrorCode::bad_request, path + " is not a table of iso-codes");
  std::vector<SourceRow> rows;
  for (const nlohmann::json& row : parsed[key]) {
    if (!row.is_object() || !row.contains(id_member) || !row[id_member].is_string()) {
      return Error(ErrorCode::bad_request, path + " has a row without '" + id_member + "'");
    }
    rows.push_back({table, row[id_member].get<std::string>(), dump_json(row)});
  }
  return rows;
}

}  // namespace

Result<IsoCodes> load_iso_codes(const std::string& directory) {
  auto countries = load_table(directory, "3166-1", "alpha_2", "countries");
  if (!countries) return countries.error();
  auto subdivisions = load_table(directory, "3166-2", "code", "subdivisions");
  if (!subdivisions) return subdivisions.error();
  auto languages = load_table(directory, "639-3", "alpha_3", "languages");
  if (!languages) return languages.error();
  return IsoCodes{std::move(*countries), std::move(*subdivisions), std::move(*languages)};
}

}  // namespace syncline::app
