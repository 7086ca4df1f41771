#include "script.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace syncline::sim {
namespace {

constexpr std::array<std::string_view, 36> act_names = {
    "put",    "put_same", "insert", "update",    "erase",   "transaction", "batch",  "resolve",
    "poison", "discard",  "sync",   "bootstrap", "live",    "hang_up",     "omit",   "part",
    "join",   "wait",     "jump",   "drift",     "restart", "crash",       "disk",   "capacity",
    "quota",  "wipe",     "keep",   "put_back",  "clone",   "flush",       "policy", "maintain",
    "trim",   "force",    "tables", "request",
};

using SetupField = std::pair<std::string_view, std::uint32_t Setup::*>;
constexpr std::array<SetupField, 17> setup_fields = {{
    {"clouds", &Setup::clouds},
    {"relays", &Setup::relays},
    {"edges", &Setup::edges},
    {"lines", &Setup::lines},
    {"rows", &Setup::rows},
    {"tables", &Setup::tables},
    {"causal", &Setup::causal},
    {"step_us", &Setup::step_us},
    {"batch", &Setup::batch},
    {"marker_ms", &Setup::marker_ms},
    {"lease_s", &Setup::lease_s},
    {"keep_changes", &Setup::keep_changes},
    {"json", &Setup::json},
    {"files", &Setup::files},
    {"filter", &Setup::filter},
    {"tenants", &Setup::tenants},
    {"roomy", &Setup::roomy},
}};

/// Splits at `separator`; what follows it is left in `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <typename Number>
bool read_number(std::string_view word, Number& number) {
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (fault != std::errc{} || end != word.data() + word.size()) return false;
  if (value > std::numeric_limits<Number>::max()) return false;
  number = static_cast<Number>(value);
  return true;
}

bool read_setting(std::string_view name, std::string_view value, Setup& setup) {
  if (name == "world") {
    setup.world = value;
    return true;
  }
  if (name == "ids") return read_number(value, setup.ids);
  for (const auto& [field, member] : setup_fields) {
    if (field == name) return read_number(value, setup.*member);
  }
  return false;
}

bool read_step(std::string_view name, std::string_view rest, std::vector<Step>& steps) {
  Step step;
  std::size_t act = 0;
  while (act < act_names.size() && act_names[act] != name) ++act;
  if (act == act_names.size()) return false;
  step.act = static_cast<Act>(act);
  while (!rest.empty()) {
    std::string_view value = take(rest, ' ');
    const std::string_view operand = take(value, '=');
    const bool good = operand == "site"     ? read_number(value, step.site)
                      : operand == "other"  ? read_number(value, step.other)
                      : operand == "row"    ? read_number(value, step.row)
                      : operand == "at"     ? read_number(value, step.at)
                      : operand == "number" ? read_number(value, step.number)
                                            : false;
    if (!good) return false;
  }
  steps.push_back(step);
  return true;
}

void add(std::string& text, std::string_view name, std::uint64_t value) {
  if (value == 0) return;
  text += ' ';
  text += name;
  text += '=';
  text += std::to_string(value);
}

}  // namespace

std::string_view to_string(Act act) noexcept { return act_names[static_cast<std::size_t>(act)]; }

std::string to_text(const Step& step) {
  std::string text(to_string(step.act));
  add(text, "site", step.site);
  add(text, "other", step.other);
  add(text, "row", step.row);
  add(text, "at", step.at);
  add(text, "number", step.number);
  return text;
}

std::string to_text(const Script& script) {
  std::string text = "world " + script.setup.world + "\nids " + std::to_string(script.setup.ids);
  const Setup standard;
  for (const auto& [name, member] : setup_fields) {
    if (script.setup.*member == standard.*member) continue;
    text += '\n';
    text += name;
    text += ' ';
    text += std::to_string(script.setup.*member);
  }
  text += "\nsteps\n";
  for (const Step& step : script.steps) text += to_text(step) + '\n';
  return text;
}

Result<Script> read_script(std::string_view text) {
  Script script;
  bool in_steps = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take(text, '\n');
    if (line.empty() || line.front() == '#') continue;
    const std::string whole(line);
    const std::string_view name = take(line, ' ');
    if (!in_steps && name == "steps") {
      in_steps = true;
      continue;
    }
    const bool good =
        in_steps ? read_step(name, line, script.steps) : read_setting(name, line, script.setup);
    if (good) continue;
    return Error(ErrorCode::bad_request,
                 "line " + std::to_string(number) + " of the script is not a " +
                     (in_steps ? "step" : "setting, nor \"steps\"") + ": " + whole);
  }
  return script;
}

}  // namespace syncline::sim
