// `syncline sync`: an edge's directory and its server exchange what they lack.
#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/progress.hpp"
#include "app/round_output.hpp"
#include "app/sync_follow.hpp"
#include "app/sync_round.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string directory;
  std::optional<std::string> token;
  bool follow = false;
  std::optional<std::uint64_t> interval_ms;
};

constexpr std::uint64_t max_interval_ms = 3'600'000;

Result<EdgeRound> run_round(Session& session, const Arguments& arguments) {
  Progress progress(session.err, session.err_terminal, "sync", "changes", 0);
  return run_edge_round(
      arguments.directory, arguments.token.value_or(session.client.token),
      [&](const SyncReport& report) { progress.update(report.pushed + report.pulled); });
}

Result<ExitCode> run_sync(Session& session, const Arguments& arguments) {
  if (arguments.interval_ms && !arguments.follow) {
    return wrong_usage(session, "--interval-ms needs --follow");
  }
  if (arguments.follow) {
    return follow_server(session, arguments.directory,
                         arguments.token.value_or(session.client.token), arguments.interval_ms);
  }
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
      "which is status 0, also while the server is away: over a live connection, on which changes\n"
      "go both ways as they are made, or with --interval-ms by exchanges. The directory is locked\n"
      "as long as the command runs, and other commands say that it is in use.\n\n"
      "examples:\n"
      "  syncline sync field-work\n"
      "  syncline sync field-work --follow --interval-ms 500";
  command.options = {{.name = "DIR",
                      .target = &arguments->directory,
                      .help = "the edge's directory, see 'syncline edge init'",
                      .required = true},
                     {.name = "--follow",
                      .target = &arguments->follow,
                      .help = "keep both in sync until interrupted"},
                     {.name = "--interval-ms",
                      .target = &arguments->interval_ms,
                      .help = "with --follow, exchange after pauses of this instead of live",
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
