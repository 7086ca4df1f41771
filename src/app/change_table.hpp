// Changes as lines of a table.
#pragma once

#include <string_view>

#include "app/table.hpp"

namespace syncline::app {

/// A table with fixed column widths, so that pages printed one after another line up.
Table make_change_table();

/// Adds one change given in JSON form.
void add_change(Table& table, std::string_view change_text);

}  // namespace syncline::app
