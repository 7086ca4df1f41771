// Aligned tables for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::app {

/// How one column of a table looks.
struct Column {
  std::string title;
  bool right = false;         ///< aligned to the right, for numbers
  std::size_t min_width = 0;  ///< for tables printed piece by piece
  bool may_shrink = true;     ///< its cells may be cut where the terminal is too narrow
};

/// Rows of text under titles, two spaces between the columns.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Cells beyond the columns are dropped, missing ones are empty. Control characters are replaced.
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.empty(); }

  /// Whole lines. With `max_width` > 0 the widest shrinkable columns are cut until a line fits.
  std::string to_text(std::size_t max_width, bool with_titles = true) const;

 private:
  std::vector<std::size_t> widths(std::size_t max_width, bool with_titles) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 13286 as "13,286".
std::string grouped(std::uint64_t number);
/// Bytes in the unit that fits: "512 B", "1.3 kB", "4.0 MB".
std::string human_bytes(std::uint64_t bytes);

}  // namespace syncline::app
