// `syncline sync`: an edge's directory and its server exchange what they lack.
#include <algorithm>
#include <cstdlib>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/progress.hpp"
#include "app/stop_signals.hpp"
#include "app/sync_round.hpp"
#include "app/text_width.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string directory;
  std::optional<std::string> token;
  bool follow = false;
  std::optional<std::uint64_t> interval_ms;
};

constexpr std::uint64_t usual_interval_ms = 2'000;
constexpr std::uint64_t max_interval_ms = 3'600'000;
// A server that is away is asked again after ever longer times, up to this.
constexpr std::chrono::milliseconds longest_pause{60'000};

bool is_idle(const EdgeRound& round) {
  const SyncReport& report = round.report;
  return report.pushed == 0 && report.pulled == 0 && report.conflicts.empty() &&
         !report.identity_changed && !round.was_copy;
}

std::string json_of(const Change& change) {
  const std::string record = encode_record(change);
  return change_to_json(view_trusted_record(reinterpret_cast<const std::uint8_t*>(record.data())));
}

std::string json_of(const std::vector<Change>& changes) {
  std::string text = "[";
  for (const Change& change : changes) text += (text.size() > 1 ? "," : "") + json_of(change);
  return text + ']';
}

/// A clock that is wrong is worth a word: it decides who wins.
void print_clock(Session& session, const SyncReport& report) {
  if (!report.clock_is_off) return;
  const std::int64_t seconds = report.clock_offset_us / 1'000'000;
  session.err << fmt::format("syncline: the clock here is {} s {} the server's; set it right\n",
                             grouped(static_cast<std::uint64_t>(std::abs(seconds))),
                             seconds < 0 ? "behind" : "ahead of");
}

std::string round_json(const EdgeRound& round) {
  const SyncReport& report = round.report;
  nlohmann::json body{{"pushed", report.pushed},
                      {"accepted", report.accepted},
                      {"pulled", report.pulled},
                      {"applied", report.applied},
                      {"requests", report.requests},
                      {"bytes_sent", report.bytes_sent},
                      {"bytes_received", report.bytes_received},
                      {"ms", report.duration_us / 1000},
                      {"rejected", nlohmann::json::array()},
                      {"conflicts", nlohmann::json::array()},
                      {"node", round.node.to_string()},
                      {"was_copy", round.was_copy},
                      {"identity_changed", nullptr},
                      {"rewritten", report.rewritten},
                      {"voided", report.voided},
                      {"restamped", report.restamped},
                      {"stubs_sent", report.stubs_sent},
                      {"stubs_taken", report.stubs_taken},
                      {"clock_offset_ms", report.clock_offset_us / 1000},
                      {"clock_is_off", report.clock_is_off}};
  for (const Rejection& rejection : report.rejected) {
    body["rejected"].push_back({{"origin", rejection.dot.origin.to_string()},
                                {"seq", rejection.dot.seq},
                                {"code", to_string(rejection.error.code)},
                                {"detail", rejection.error.detail}});
  }
  for (const ConflictSummary& conflict : report.conflicts) {
    body["conflicts"].push_back({{"table", conflict.table},
                                 {"row_id", conflict.row_id},
                                 {"kind", to_string(conflict.kind)},
                                 {"status", to_string(conflict.status)}});
  }
  if (report.identity_changed) {
    body["identity_changed"] = {{"before", report.identity_changed->before.to_string()},
                                {"after", report.identity_changed->after.to_string()}};
  }
  // Put in as text, so that payloads keep their bytes.
  std::string text = dump_json(body);
  text.pop_back();
  text += ",\"left_to_you\":" + json_of(report.handed_to_app);
  text += ",\"taken_back\":" + json_of(report.taken_back);
  return text + '}';
}

void print_round(Session& session, const EdgeRound& round) {
  const SyncReport& report = round.report;
  if (session.json) {
    print_json(session, round_json(round));
    return;
  }
  session.out << fmt::format(
      "pushed {}, pulled {}, conflicts {}, rejected {} ({}, {} ms)\n", grouped(report.pushed),
      grouped(report.pulled), grouped(report.conflicts.size()), grouped(report.rejected.size()),
      human_bytes(report.bytes_sent + report.bytes_received), grouped(report.duration_us / 1000));
  if (round.was_copy) session.out << "this directory is a copy, and took a new id\n";
  if (report.identity_changed) {
    session.out
        << "this edge was found to be an older copy of itself, or one of two; it goes on as "
        << report.identity_changed->after.to_string() << '\n';
  }
  if (report.rewritten + report.voided > 0) {
    session.out << fmt::format(
        "{} of its changes were written anew, {} lost and are kept in the log\n",
        grouped(report.rewritten), grouped(report.voided));
  }
  if (report.restamped > 0) {
    session.out << grouped(report.restamped)
                << " changes were dated ahead of the server's time, and were dated anew\n";
  }
  if (report.stubs_sent + report.stubs_taken > 0) {
    session.out << fmt::format("without their data, too large: {} sent, {} received\n",
                               grouped(report.stubs_sent), grouped(report.stubs_taken));
  }
  if (!report.taken_back.empty()) {
    session.out << grouped(report.taken_back.size())
                << " changes will never be taken and were taken back: see 'syncline rejected list "
                   "--data'\n";
  }
  for (const Change& change : report.handed_to_app) {
    session.out << "left to you to write again: " << printable(json_of(change)) << '\n';
  }
}

void print_rejections(Session& session, const SyncReport& report) {
  print_clock(session, report);
  for (const Rejection& rejection : report.rejected) {
    session.err << "refused: " << short_id(rejection.dot.origin.to_string()) << ':'
                << rejection.dot.seq << ": " << printable(to_string(rejection.error)) << '\n';
  }
}

Result<EdgeRound> run_round(Session& session, const Arguments& arguments) {
  Progress progress(session.err, session.err_terminal, "sync", "changes", 0);
  return run_edge_round(
      arguments.directory, arguments.token.value_or(session.client.token),
      [&](const SyncReport& report) { progress.update(report.pushed + report.pulled); });
}

// What a later attempt may find otherwise: the server is away, or another command takes its time.
bool may_pass(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::rate_limited;
}

Result<ExitCode> follow(Session& session, const Arguments& arguments) {
  const StopSignals signals;
  const std::chrono::milliseconds interval(arguments.interval_ms.value_or(usual_interval_ms));
  std::chrono::milliseconds pause = interval;
  bool away = false;
  bool first = true;
  while (session.out.good()) {
    const auto round = run_round(session, arguments);
    if (!round && !may_pass(round.error())) return round.error();
    if (round) {
      if (away) session.err << "syncline: it goes on\n";
      away = false;
      pause = interval;
      if (first || !is_idle(*round)) print_round(session, *round);
      print_rejections(session, round->report);
      session.out.flush();
      first = false;
    } else if (!away) {
      away = true;
      session.err << "syncline: " << to_string(round.error()) << "; it is tried again\n";
    }
    session.err.flush();
    if (signals.wait_for(pause)) break;
    if (away) pause = std::min(pause * 2, std::max(longest_pause, interval));
  }
  return ExitCode::ok;
}

Result<ExitCode> run_sync(Session& session, const Arguments& arguments) {
  if (arguments.interval_ms && !arguments.follow) {
    return wrong_usage(session, "--interval-ms needs --follow");
  }
  if (arguments.follow) return follow(session, arguments);
  const auto round = run_round(session, arguments);
  if (!round) return round.error();
  print_round(session, *round);
  print_rejections(session, round->report);
  return round->report.rejected.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

Command sync_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "sync";
  command.summary = "Exchange an edge's directory with its server";
  command.examples =
      "The first exchange fetches everything. With --follow it goes on until Ctrl-C or SIGTERM,\n"
      "which is status 0, also while the server is away. The directory is locked during an\n"
      "exchange only, so that other commands can use it in between; they wait for their turn.\n\n"
      "examples:\n"
      "  syncline sync field-work\n"
      "  syncline sync field-work --follow --interval-ms 500";
  command.options = {{.name = "DIR",
                      .target = &arguments->directory,
                      .help = "the edge's directory, see 'syncline edge init'",
                      .required = true},
                     {.name = "--follow",
                      .target = &arguments->follow,
                      .help = "exchange again and again until interrupted"},
                     {.name = "--interval-ms",
                      .target = &arguments->interval_ms,
                      .help = "with --follow, the pause between two exchanges (2000)",
                      .value_name = "N",
                      .range = {.from = 1, .to = max_interval_ms}},
                     {.name = "--token",
                      .target = &arguments->token,
                      .help = "bearer token, also by SYNCLINE_TOKEN",
                      .value_name = "JWT"}};
  command.run = [arguments](Session& session) { return run_sync(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
