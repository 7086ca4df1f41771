#include "app/value_check.hpp"

#include <algorithm>
#include <charconv>

#include "app/suggest.hpp"
#include "syncline/limits.hpp"
#include "syncline/policy.hpp"

namespace syncline::app {
namespace {

constexpr NumberRange any_number{.from = 0};

std::string size_fault(std::string_view word, std::size_t max_bytes, const std::string& what) {
  if (!word.empty() && word.size() <= max_bytes) return {};
  return what + " has 1 to " + std::to_string(max_bytes) + " bytes";
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view word, NumberRange range) noexcept {
  std::uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data(), end, number);  // takes no sign
  if (error != std::errc() || stopped != end) return {};
  if (number < range.from || number > range.to) return {};
  return number;
}

std::string number_fault(std::string_view word, NumberRange range) {
  if (parse_number(word, range)) return {};
  std::string text = "a number from " + std::to_string(range.from);
  const bool digits = !word.empty() && std::all_of(word.begin(), word.end(), [](char letter) {
    return letter >= '0' && letter <= '9';
  });
  // The greatest number that there is helps only who is above it.
  if (range.to != any_number.to || (digits && !parse_number(word, any_number))) {
    text += " to " + std::to_string(range.to);
  }
  return text + ", not '" + std::string(word) + "'";
}

std::string table_fault(std::string_view word) {
  return size_fault(word, limits::max_table_bytes, "a table's name");
}

std::string row_id_fault(std::string_view word) {
  return size_fault(word, limits::max_row_id_bytes, "a row's id");
}

std::string table_policy_fault(std::string_view word) {
  const std::size_t equals = word.rfind('=');
  if (equals == std::string_view::npos || equals == 0) {
    return "write it like orders=causal, not '" + std::string(word) + "'";
  }
  if (std::string fault = table_fault(word.substr(0, equals)); !fault.empty()) return fault;
  return choice_fault(std::string(word.substr(equals + 1)), policy_choices());
}

std::string choice_fault(const std::string& word, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), word) != choices.end()) return {};
  std::string known;
  for (const std::string& choice : choices) known += (known.empty() ? "" : ", ") + choice;
  return "'" + word + "' is not one of " + known + suggestion_clause(word, choices);
}

std::vector<std::string> policy_choices() {
  const auto names = policy_names();
  return {names.begin(), names.end()};
}

}  // namespace syncline::app
