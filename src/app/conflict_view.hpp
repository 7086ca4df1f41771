// Conflict reports, given in JSON form, for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "app/table.hpp"

namespace syncline::app {

/// A table of one line a conflict: kind, status, row, winner, why.
Table make_conflict_table();
void add_conflict(Table& table, std::string_view report_text);

/// One report in full, several lines. `max_width` 0: no limit.
std::string conflict_text(std::string_view report_text, std::size_t max_width);

}  // namespace syncline::app
