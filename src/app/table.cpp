#include "app/table.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

#include "app/text_width.hpp"

namespace syncline::app {
namespace {

constexpr std::string_view gap = "  ";
// Below this a cut cell says nothing any more.
constexpr std::size_t least_width = 6;

void append_cell(std::string& line, std::string_view cell, std::size_t width, bool right) {
  const std::string text = cut_to_width(cell, width);
  const std::string padding(width - text_width(text), ' ');
  line += right ? padding + text : text + padding;
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t max_width, bool with_titles) const {
  std::vector<std::size_t> result(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    result[i] = std::max(columns_[i].min_width, with_titles ? text_width(columns_[i].title) : 0);
    for (const auto& row : rows_) result[i] = std::max(result[i], text_width(row[i]));
  }
  if (max_width == 0 || columns_.empty()) return result;
  const std::size_t gaps = gap.size() * (columns_.size() - 1);
  std::size_t total = std::accumulate(result.begin(), result.end(), gaps);
  while (total > max_width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool candidate = columns_[i].may_shrink && result[i] > least_width;
      if (candidate && (widest == columns_.size() || result[i] > result[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --result[widest];
    --total;
  }
  return result;
}

std::string Table::to_text(std::size_t max_width, bool with_titles) const {
  const std::vector<std::size_t> width = widths(max_width, with_titles);
  std::string text;
  const auto append_line = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += gap;
      append_cell(line, cell_of(i), width[i], columns_[i].right);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  if (with_titles) {
    append_line([&](std::size_t i) -> std::string_view { return columns_[i].title; });
  }
  for (const auto& row : rows_) {
    append_line([&](std::size_t i) -> std::string_view { return row[i]; });
  }
  return text;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> units{"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace syncline::app
