// What happens in one simulated history, as a value that can be printed, read and made smaller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/error.hpp"

namespace syncline::sim {

/// What a step does. Every act means something on its own: where its operands name what is not
/// there they are taken modulo what is, and where there is nothing to be done nothing is.
enum class Act : std::uint8_t {
  // Writes. `site` writes `row`; `number` chooses among what the act leaves open.
  put,
  put_same,     ///< one of two values that others write as well
  insert,       ///< refused where the row exists
  update,       ///< refused where it does not
  erase,        ///< refused where it does not
  transaction,  ///< 2 or 3 rows from `row` on
  batch,        ///< 2 to 4 independent writes from `row` on
  resolve,      ///< settles one of the conflicts that are reported here
  poison,       ///< a value that is larger than what the server takes
  discard,      ///< what was taken back is taken off the list
  // Exchange. `site` asks the `other`-th of those that it asks.
  sync,       ///< one round; at its message `at` something happens: see `RoundEvent`
  bootstrap,  ///< takes a snapshot
  live,       ///< opens a live connection or, if there is one, lets `number` messages pass
  hang_up,    ///< a live connection is cut
  omit,       ///< before the next push of `site` a faulty client sends it without one change
  part,       ///< `site` and `other` do not reach one another any more
  join,       ///< they do again
  // Time.
  wait,   ///< for `number` milliseconds
  jump,   ///< the clock of `site` is set, off by so many milliseconds (two's complement)
  drift,  ///< the clock of `site` goes wrong by so many parts in a million from now on
  // Processes and disks.
  restart,   ///< ends cleanly and starts again on its data
  crash,     ///< loses power: what was not synced is lost or torn; starts again
  disk,      ///< the `number`-th step of its disk from now on fails, or cuts the power: `at` says
  capacity,  ///< its disk takes `number` bytes more and then is full; 0: there is room again
  quota,     ///< the plan of a cloud allows `number` bytes more than it holds; 0: any number
  wipe,      ///< starts again without data
  keep,      ///< a copy of its data is put aside
  put_back,  ///< starts again on such a copy; `number` odd: and is told so
  clone,     ///< another edge starts on a copy of its data
  flush,     ///< what its disk owes is written and synced
  // What an administrator or time does.
  policy,    ///< another conflict policy for all tables or one
  maintain,  ///< what a server does now and then: leases, markers, retention
  trim,      ///< as far as nobody needs the log
  force,     ///< trims beyond what others need
  tables,    ///< another choice of tables for an edge
  // Over HTTP, without a replica of one's own.
  request,  ///< one request to the API of `site`, with `number` saying which
};

std::string_view to_string(Act act) noexcept;

struct Step {
  Act act = Act::put;
  std::uint8_t site = 0;
  std::uint8_t other = 0;
  std::uint8_t row = 0;
  std::uint8_t at = 0;
  std::uint32_t number = 0;
  friend bool operator==(const Step&, const Step&) = default;
};

/// What can happen to one message of a round. `Step::number` is one of these, plus `round_events`
/// times how many of the following steps of the script are carried out in the middle of the round.
enum class RoundEvent : std::uint8_t {
  none,
  lose_request,
  lose_answer,
  twice,   ///< delivered twice, the second answer counts
  late,    ///< lost, as the caller sees it, and delivered later after others
  before,  ///< steps happen before it is delivered
  after,   ///< steps happen before the answer arrives
  cut,     ///< steps happen before the answer arrives, and that is lost
};
inline constexpr std::uint32_t round_events = 8;

/// The world in which a history takes place.
struct Setup {
  std::string world;      ///< the name of the profile that it came from
  std::uint64_t ids = 1;  ///< seeds all that replicas draw at random
  std::uint32_t clouds = 1;
  std::uint32_t relays = 0;
  std::uint32_t edges = 2;
  std::uint32_t lines = 0;  ///< of edges and relays beyond one each, to other servers
  std::uint32_t rows = 2;
  std::uint32_t tables = 1;
  std::uint32_t causal = 0;     ///< 1: the policy is `causal` at first, else `lww`
  std::uint32_t step_us = 1;    ///< time between two steps
  std::uint32_t batch = 0;      ///< changes in one push or page at most; 0: as many as fit
  std::uint32_t marker_ms = 0;  ///< between two stable markers; 0: as often as there is something
  std::uint32_t lease_s = 0;    ///< 0: the default
  std::uint32_t keep_changes = 0;  ///< retention; 0: all
  std::uint32_t json = 0;          ///< 1: bodies are JSON
  std::uint32_t files = 0;   ///< 1: journals are files, synced with every write; 2: at intervals
  std::uint32_t filter = 0;  ///< edges hold so many tables of those there are; 0: all
  std::uint32_t tenants = 1;
  std::uint32_t roomy = 0;  ///< 1: relays take values that the cloud refuses
  friend bool operator==(const Setup&, const Setup&) = default;
};

/// `Setup::marker_ms` of a world in which nothing is ever called stable.
inline constexpr std::uint32_t no_markers = 4'000'000'000;

struct Script {
  Setup setup;
  std::vector<Step> steps;
  friend bool operator==(const Script&, const Script&) = default;
};

/// One line a setting, then one a step: "put site=1 row=1 number=3". What is 0 is left out.
std::string to_text(const Script& script);
std::string to_text(const Step& step);
/// Reads it. Lines that begin with '#' are remarks. Errors: `bad_request`, naming the line.
Result<Script> read_script(std::string_view text);

}  // namespace syncline::sim
