// What happened in simulated histories, counted: a simulation in which nothing happens finds
// nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace syncline::sim {

enum class Event : std::uint8_t {
  writes,
  writes_refused,
  conflicts,  ///< told of by rounds
  resolved,
  rounds,
  rounds_failed,
  requests,
  requests_lost,
  answers_lost,
  requests_twice,
  requests_late,
  pushes_in_part,
  steps_inside_rounds,
  pushed,
  pulled,
  rejected,
  taken_back,
  restamped,
  stubs,
  new_ids,
  rewritten,
  voided,
  handed_to_app,
  snapshots,
  uploads,
  restarts,
  crashes,
  copies,
  put_back,
  clones,
  markers,
  expired,
  trimmed_changes,
  settings_changed,
  tables_changed,
  live_messages,
  api_requests,
  count
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Event::count)> event_names =
    {"writes",        "writes refused", "conflicts",       "resolved",     "rounds",
     "rounds failed", "requests",       "requests lost",   "answers lost", "requests twice",
     "requests late", "pushes in part", "steps in rounds", "pushed",       "pulled",
     "rejected",      "taken back",     "restamped",       "stubs",        "new ids",
     "rewritten",     "voided",         "handed to app",   "snapshots",    "uploads",
     "restarts",      "crashes",        "copies",          "put back",     "clones",
     "markers",       "expired",        "trimmed changes", "settings",     "tables",
     "live messages", "API requests"};

/// A count for each event.
struct Events {
  std::array<std::uint64_t, static_cast<std::size_t>(Event::count)> counts{};

  void add(Event event, std::uint64_t times = 1) {
    counts[static_cast<std::size_t>(event)] += times;
  }
  void add(const Events& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  }
};

}  // namespace syncline::sim
