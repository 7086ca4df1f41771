#include "script_profiles.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "script_dice.hpp"

namespace syncline::sim {
namespace {

struct Range {
  std::uint32_t least = 0;
  std::uint32_t most = 0;
};

/// How often an act is drawn, out of the sum of all.
struct Weight {
  Act act;
  std::uint32_t weight;
};

struct Profile {
  WorldName name;
  void (*choose)(Setup& setup, Dice& dice);  ///< all but world and ids
  Range steps;
  std::vector<Weight> weights;
};

/// Step times that make many ties, some, and none.
void choose_common(Setup& setup, Dice& dice) {
  constexpr std::array<std::uint32_t, 4> step_us = {0, 1, 1'000, 1'000'000};
  setup.step_us = step_us[dice.below(step_us.size())];
  setup.causal = dice.below(2);
  setup.batch = dice.one_in(3) ? dice.between(1, 3) : 0;
}

void choose_small(Setup& setup, Dice& dice) { choose_common(setup, dice); }

void choose_stable(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  constexpr std::array<std::uint32_t, 3> marker_ms = {0, 0, 5'000};
  setup.marker_ms = marker_ms[dice.below(marker_ms.size())];
  setup.edges = dice.between(2, 3);
  setup.lease_s = dice.one_in(2) ? 60 : 0;
}

void choose_identity(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.edges = dice.between(1, 3);
  constexpr std::array<std::uint32_t, 3> marker_ms = {0, 5'000, no_markers};
  setup.marker_ms = marker_ms[dice.below(marker_ms.size())];
}

void choose_disk(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.files = dice.between(1, 2);
  setup.edges = dice.between(1, 2);
}

void choose_mesh(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.clouds = dice.between(1, 3);
  setup.relays = dice.between(0, 2);
  setup.edges = dice.between(1, 4);
  setup.lines = dice.between(0, 3);
  setup.marker_ms = dice.one_in(2) ? 0 : 60'000;
}

void choose_wide(Setup& setup, Dice& dice) {
  choose_mesh(setup, dice);
  setup.edges = dice.one_in(3) ? dice.between(4, 8) : dice.between(1, 3);
  // Who asks several servers may hear from one of what somebody wrote who is behind another one
  // that was given up.
  setup.lease_s = setup.lines == 0 && dice.one_in(2) ? 60 : 0;
  setup.roomy = setup.relays != 0 && dice.one_in(2) ? 1 : 0;
}

void choose_lines(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.clouds = dice.between(2, 3);
  setup.relays = dice.between(0, 1);
  setup.edges = dice.between(1, 3);
  setup.lines = dice.between(1, 2);
  setup.lease_s = dice.one_in(2) ? 60 : 0;
}

void choose_live(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.json = dice.one_in(4) ? 1 : 0;
  setup.edges = dice.between(1, 3);
}

void choose_thin(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.edges = dice.between(1, 2);
}

void choose_tenants(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.tenants = 2;
  setup.edges = dice.between(2, 4);
  setup.files = dice.below(2);
}

void choose_full(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.edges = dice.between(2, 5);
  setup.rows = dice.between(1, 4);
  setup.tables = dice.between(1, 2);
  setup.files = dice.below(2);
  setup.json = dice.one_in(4) ? 1 : 0;
  setup.lease_s = dice.one_in(3) ? 60 : 0;
  constexpr std::array<std::uint32_t, 3> marker_ms = {0, 5'000, no_markers};
  setup.marker_ms = marker_ms[dice.below(marker_ms.size())];
}

void choose_tables(Setup& setup, Dice& dice) {
  choose_common(setup, dice);
  setup.tables = dice.between(2, 3);
  setup.edges = dice.between(2, 3);
  setup.filter = dice.between(0, 2);
}

std::vector<Weight> with(std::vector<Weight> weights, const std::vector<Weight>& more) {
  weights.insert(weights.end(), more.begin(), more.end());
  return weights;
}

/// Every kind of write, and rounds over a bad network.
std::vector<Weight> everyday() {
  return {{Act::put, 30},   {Act::put_same, 6},    {Act::insert, 4}, {Act::update, 4},
          {Act::erase, 10}, {Act::transaction, 4}, {Act::batch, 2},  {Act::resolve, 5},
          {Act::sync, 40},  {Act::bootstrap, 1},   {Act::wait, 2},   {Act::jump, 2},
          {Act::restart, 2}};
}

/// So many of the last ones show limits that are known, and serve to look for planted faults.
constexpr std::size_t only_if_named = 1;

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = {
      {{"small", "a cloud and two edges write two rows over a bad network"},
       choose_small,
       {6, 24},
       everyday()},
      {{"stable", "deletes that are collected, trims, leases, newcomers, snapshots"},
       choose_stable,
       {15, 60},
       with(everyday(), {{Act::sync, 40},
                         {Act::erase, 10},
                         {Act::maintain, 10},
                         {Act::trim, 4},
                         {Act::force, 3},
                         {Act::wipe, 1},
                         {Act::wait, 4}})},
      {{"disk", "power cuts at any step of a disk, disks that fail, fill up and lie about it"},
       choose_disk,
       {10, 40},
       with(everyday(), {{Act::disk, 12},
                         {Act::crash, 8},
                         {Act::capacity, 4},
                         {Act::flush, 8},
                         {Act::trim, 4},
                         {Act::maintain, 4}})},
      {{"mesh", "several clouds, relays, edges that ask several, lines that are cut"},
       choose_mesh,
       {20, 60},
       with(everyday(), {{Act::part, 4}, {Act::join, 4}, {Act::sync, 40}, {Act::maintain, 4}})},
      {{"wide", "several servers and up to eight edges: leases, trims, refusals, faulty clients"},
       choose_wide,
       {20, 90},
       with(everyday(), {{Act::part, 3},
                         {Act::join, 4},
                         {Act::sync, 60},
                         {Act::live, 6},
                         {Act::hang_up, 1},
                         {Act::bootstrap, 4},
                         {Act::omit, 4},
                         {Act::erase, 6},
                         {Act::wait, 4},
                         {Act::maintain, 12},
                         {Act::trim, 3},
                         {Act::poison, 5},
                         {Act::discard, 2},
                         {Act::policy, 2}})},
      {{"tables", "edges that hold some tables, and change which"},
       choose_tables,
       {10, 40},
       with(everyday(), {{Act::tables, 6}, {Act::maintain, 3}, {Act::wipe, 1}})},
      {{"refused", "values that the cloud refuses, clocks that go wrong, policies that change"},
       choose_small,
       {10, 40},
       with(everyday(), {{Act::poison, 8},
                         {Act::quota, 3},
                         {Act::discard, 3},
                         {Act::omit, 3},
                         {Act::policy, 4},
                         {Act::drift, 3},
                         {Act::jump, 4}})},
      {{"live", "live connections that are cut at any frame"},
       choose_live,
       {15, 50},
       with(everyday(), {{Act::live, 60}, {Act::hang_up, 8}, {Act::maintain, 3}})},
      {{"thin", "clients without replicas, who ask the cloud's API"},
       choose_thin,
       {10, 40},
       with(everyday(), {{Act::request, 50}, {Act::maintain, 2}})},
      {{"tenants", "two tenants on one server, who must not see anything of one another"},
       choose_tenants,
       {15, 50},
       with(everyday(),
            {{Act::request, 15}, {Act::live, 10}, {Act::crash, 3}, {Act::maintain, 3}})},
      {{"full", "everything that does not exclude one another"},
       choose_full,
       {30, 120},
       with(everyday(), {{Act::sync, 40},
                         {Act::live, 20},
                         {Act::hang_up, 3},
                         {Act::request, 15},
                         {Act::maintain, 5},
                         {Act::trim, 3},
                         {Act::force, 2},
                         {Act::tables, 3},
                         {Act::keep, 4},
                         {Act::put_back, 3},
                         {Act::clone, 2},
                         {Act::wipe, 1},
                         {Act::crash, 4},
                         {Act::disk, 4},
                         {Act::capacity, 1},
                         {Act::quota, 1},
                         {Act::part, 2},
                         {Act::join, 3}})},
      {{"identity", "copies of disks that are put back or started beside"},
       choose_identity,
       {10, 40},
       with(
           everyday(),
           {{Act::keep, 10}, {Act::put_back, 7}, {Act::clone, 4}, {Act::wipe, 2}, {Act::put, 10}})},
      {{"lines", "edges that ask several servers, of which some are given up; only if named"},
       choose_lines,
       {20, 60},
       with(everyday(), {{Act::sync, 60},
                         {Act::part, 3},
                         {Act::join, 4},
                         {Act::bootstrap, 10},
                         {Act::erase, 15},
                         {Act::wait, 6},
                         {Act::maintain, 20}})},
  };
  return all;
}

std::uint32_t choose_round_event(Step& step, Dice& dice) {
  step.at = static_cast<std::uint8_t>(dice.below(4) == 0 ? dice.below(6) : dice.below(2));
  const std::uint32_t event = dice.below(round_events);
  const bool steps_inside = event >= static_cast<std::uint32_t>(RoundEvent::before);
  return event + (steps_inside ? round_events * dice.between(1, 4) : 0);
}

Step make_step(Act act, Dice& dice) {
  Step step;
  step.act = act;
  // Powers of two divide what there is: no operand is favoured by much.
  step.site = static_cast<std::uint8_t>(dice.below(120));
  step.other = static_cast<std::uint8_t>(dice.below(120));
  step.row = static_cast<std::uint8_t>(dice.below(120));
  step.number = dice.below(1'000);
  switch (act) {
    case Act::sync:
      step.row = 0;
      step.number = dice.one_in(3) ? choose_round_event(step, dice) : 0;
      break;
    case Act::drift:
      step.number = dice.one_in(3) ? 0 : dice.below(200'001) - 100'000;
      break;
    case Act::live:
      step.number = dice.below(6);
      break;
    case Act::wait:
      step.number = dice.one_in(4) ? dice.between(1, 200'000) : dice.between(1, 2'000);
      break;
    case Act::jump: {
      constexpr std::array<std::uint32_t, 4> spans_ms = {10, 5'000, 100'000, 400'000};
      const auto span = spans_ms[dice.below(spans_ms.size())];
      step.number = dice.one_in(5) ? 0 : dice.below(2 * span + 1) - span;
      break;
    }
    case Act::disk:
      step.number = dice.below(40);
      step.at = static_cast<std::uint8_t>(dice.below(5));
      break;
    case Act::capacity:
      step.number = dice.one_in(3) ? 0 : dice.between(1, 3'000);
      break;
    case Act::quota:
      step.number = dice.one_in(3) ? 0 : dice.between(1, 400);
      break;
    default:
      break;
  }
  return step;
}

}  // namespace

std::span<const WorldName> world_names() {
  static const std::vector<WorldName> names = [] {
    std::vector<WorldName> all;
    for (const Profile& profile : profiles()) all.push_back(profile.name);
    return all;
  }();
  return names;
}

std::string_view world_of(std::uint64_t seed) {
  return profiles()[seed % (profiles().size() - only_if_named)].name.name;
}

Result<Script> make_script(std::string_view world, std::uint64_t seed) {
  const auto& all = profiles();
  const auto profile = std::find_if(all.begin(), all.end(),
                                    [&](const Profile& one) { return one.name.name == world; });
  if (profile == all.end()) {
    std::string names;
    for (const WorldName& one : world_names()) {
      names += (names.empty() ? "" : ", ") + std::string(one.name);
    }
    return Error(ErrorCode::bad_request,
                 "there is no world \"" + std::string(world) + "\"; there are " + names);
  }
  Dice dice(seed);
  Script script;
  profile->choose(script.setup, dice);
  script.setup.world = world;
  script.setup.ids = dice.next();
  std::uint32_t sum = 0;
  for (const Weight& weight : profile->weights) sum += weight.weight;
  const std::uint32_t steps = dice.between(profile->steps.least, profile->steps.most);
  script.steps.reserve(steps);
  for (std::uint32_t i = 0; i < steps; ++i) {
    std::uint32_t drawn = dice.below(sum);
    const Weight* weight = profile->weights.data();
    while (drawn >= weight->weight) drawn -= (weight++)->weight;
    script.steps.push_back(make_step(weight->act, dice));
  }
  return script;
}

}  // namespace syncline::sim
