#include "app/change_table.hpp"

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {

Table make_change_table() {
  return Table({{.title = "lsn", .right = true, .min_width = 8, .may_shrink = false},
                {.title = "time", .min_width = 23},
                {.title = "by", .min_width = 13},
                {.title = "operation", .min_width = 9, .may_shrink = false},
                {.title = "row", .min_width = 20},
                {.title = "data"}});
}

void add_change(Table& table, std::string_view change_text) {
  const auto change = parse_json(change_text);
  table.add({text_of(change, "lsn"), short_time(text_of(change, "hlc")),
             short_id(text_of(change, "origin")) + ':' + text_of(change, "seq"),
             text_of(change, "operation"), row_name(change), payload_line(change_text)});
}

}  // namespace syncline::app
