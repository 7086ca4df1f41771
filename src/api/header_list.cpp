#include "api/header_list.hpp"

#include <algorithm>

namespace syncline::api {

namespace {

/// The weight "q=0.5" as thousandths; what is no weight counts as 1.
int weight(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string parameter = lower_case(take(parameters, ';'));
    if (!parameter.starts_with("q=")) continue;
    if (parameter.starts_with("q=0")) {
      int thousandths = 0;
      int place = 100;
      for (std::size_t i = 4; i < std::min<std::size_t>(parameter.size(), 7); ++i, place /= 10) {
        if (parameter[i] >= '0' && parameter[i] <= '9') thousandths += (parameter[i] - '0') * place;
      }
      return thousandths;
    }
  }
  return 1000;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string copy(text);
  std::transform(copy.begin(), copy.end(), copy.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return copy;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::vector<WeightedName> weighted_list(std::string_view value) {
  std::vector<WeightedName> list;
  while (!value.empty()) {
    std::string_view parameters = take(value, ',');
    std::string name = lower_case(take(parameters, ';'));
    if (!name.empty()) list.push_back({std::move(name), weight(parameters)});
  }
  return list;
}

}  // namespace syncline::api
