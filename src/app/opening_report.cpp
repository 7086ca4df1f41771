#include "app/opening_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/table.hpp"

namespace syncline::app {

std::string opening_text(const Node& node) {
  std::string details;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  const auto openings = node.openings();
  for (const TenantOpening& opening : openings) {
    entries += opening.journal.entries;
    bytes += opening.journal.bytes;
    if (!opening.journal.closed_cleanly) {
      details += fmt::format("tenant '{}' was not closed by the process before\n", opening.id);
    }
    if (opening.journal.torn_bytes > 0) {
      details += fmt::format(
          "tenant '{}': cut off an unfinished write that nobody was told of, {} at the end of {}\n",
          opening.id, human_bytes(opening.journal.torn_bytes), opening.journal.torn_file);
    }
    if (opening.identity_changed) {
      details +=
          fmt::format("tenant '{}' is a restored copy: it goes on under new ids\n", opening.id);
    }
  }
  return fmt::format("data are kept in {}: read {} {} of {} {} ({}); durability is {}\n",
                     node.directory(), grouped(entries), entries == 1 ? "entry" : "entries",
                     openings.size(), openings.size() == 1 ? "tenant" : "tenants",
                     human_bytes(bytes), to_string(node.durability())) +
         details;
}

nlohmann::json opening_json(const Node& node) {
  nlohmann::json report{{"directory", node.directory()},
                        {"durability", to_string(node.durability())},
                        {"tenants", nlohmann::json::array()}};
  for (const TenantOpening& opening : node.openings()) {
    report["tenants"].push_back({{"id", opening.id},
                                 {"entries", opening.journal.entries},
                                 {"bytes", opening.journal.bytes},
                                 {"segments", opening.journal.segments},
                                 {"torn_bytes", opening.journal.torn_bytes},
                                 {"torn_file", opening.journal.torn_file},
                                 {"closed_cleanly", opening.journal.closed_cleanly},
                                 {"identity_changed", opening.identity_changed}});
  }
  return report;
}

}  // namespace syncline::app
