// What a word of the command line has to be, and the sentence if it is not.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::app {

/// The numbers that an option takes, both ends included.
struct NumberRange {
  std::uint64_t from = 1;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
};

/// The number that `word` is: decimal digits and nothing else, no sign. Empty if it is no such
/// number or one outside of `range`.
std::optional<std::uint64_t> parse_number(std::string_view word, NumberRange range) noexcept;

/// What is wrong with a number, "a number from 1, not 'abc'"; empty if nothing is. The others say
/// the same of a table's name, a row's id and a pair TABLE=POLICY.
std::string number_fault(std::string_view word, NumberRange range);
std::string table_fault(std::string_view word);
std::string row_id_fault(std::string_view word);
std::string table_policy_fault(std::string_view word);

/// "'opne' is not one of open, resolved; did you mean 'open'?"; empty if it is one of them.
std::string choice_fault(const std::string& word, const std::vector<std::string>& choices);

/// The conflict policies that there are.
std::vector<std::string> policy_choices();

}  // namespace syncline::app
