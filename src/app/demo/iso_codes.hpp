// Rows of Debian's iso-codes: countries, their subdivisions, languages.
#pragma once

#include <string>
#include <vector>

#include "syncline/error.hpp"

namespace syncline::app {

/// Where the package iso-codes puts its tables.
inline constexpr const char* iso_codes_directory = "/usr/share/iso-codes/json";

/// One row of a data set.
struct SourceRow {
  std::string table;
  std::string row_id;
  std::string data;  ///< JSON
};

/// The data of the demo: some thousands of rows each.
struct IsoCodes {
  std::vector<SourceRow> countries;
  std::vector<SourceRow> subdivisions;
  std::vector<SourceRow> languages;
};

/// Reads the tables from `directory`. Errors: `not_found` for a missing file, naming the package;
/// `bad_request` for one that is not as expected.
Result<IsoCodes> load_iso_codes(const std::string& directory);

}  // namespace syncline::app
