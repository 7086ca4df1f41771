#include "app/suggest.hpp"

#include <algorithm>
#include <vector>

namespace syncline::app {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// A word that is longer is not a typing mistake, and the distance costs its square.
constexpr std::size_t longest_word = 64;
// What an abbreviation costs at most: it beats a candidate that merely looks alike.
constexpr std::size_t shortest_abbreviation = 2;

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> before_last(width);
  std::vector<std::size_t> last(width);
  std::vector<std::size_t> current(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const char a = lower(left[i - 1]);
      const char b = lower(right[j - 1]);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + (a == b ? 0U : 1U)});
      if (i > 1 && j > 1 && a == lower(right[j - 2]) && b == lower(left[i - 2])) {
        current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, current);
  }
  return last[right.size()];
}

std::string_view suggest(std::string_view word, std::span<const std::string> candidates) {
  if (word.empty() || word.size() > longest_word) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    std::size_t distance = edit_distance(word, candidate);
    if (word.size() >= shortest_abbreviation && candidate.starts_with(word)) {
      distance = std::min<std::size_t>(distance, 1);
    }
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion_clause(std::string_view word, std::span<const std::string> candidates) {
  const std::string_view found = suggest(word, candidates);
  if (found.empty()) return {};
  return "; did you mean '" + std::string(found) + "'?";
}

}  // namespace syncline::app
