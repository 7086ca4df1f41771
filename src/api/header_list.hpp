// Lists in headers whose elements have weights.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace syncline::api {

/// `text` in ASCII lower case.
std::string lower_case(std::string_view text);

/// One element of `Accept` or `Accept-Encoding`, e.g. "gzip;q=0.5".
struct WeightedName {
  std::string name;        ///< in lower case, without parameters
  int thousandths = 1000;  ///< its weight; 0 means "not this"
};

/// The elements of a header's value, in order; empty ones are left out, and what is no weight
/// counts as 1 (RFC 9110, 12.4.2).
std::vector<WeightedName> weighted_list(std::string_view value);

/// `text` without blanks at its ends.
std::string_view trimmed(std::string_view text);
/// The part before `separator`, trimmed; `text` becomes the rest behind it.
std::string_view take(std::string_view& text, char separator);

}  // namespace syncline::api
