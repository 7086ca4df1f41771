// `syncline demo`.
#include <chrono>
#include <csignal>
#include <ostream>

#include "app/commands.hpp"
#include "app/demo/cloud_process.hpp"
#include "app/demo/report.hpp"
#include "app/demo/scenario.hpp"
#include "app/demo/verify.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

struct Arguments {
  std::string data_directory = iso_codes_directory;
  bool keep = false;
};

// From the first row to the last check. What does not agree is in the result, not an error.
Result<void> play(Session& session, const IsoCodes& source, const std::string& url,
                  DemoResult& result) {
  ClientOptions cloud;
  cloud.server = url;
  auto api = ApiClient::open(cloud);
  if (!api) return api.error();
  const std::size_t width = session.out_terminal.width;
  if (!session.json) session.out << step_titles(width) << std::flush;
  Scenario scenario(*api, result, [&session, width](const DemoStep& step) {
    if (!session.json) session.out << step_line(step, width) << std::flush;
  });
  const std::vector<Collision> plan = planned_collisions();
  if (auto done = scenario.open(url); !done) return done;
  if (auto done = scenario.load(source); !done) return done;
  if (auto done = scenario.edit_offline(source, plan); !done) return done;
  if (auto done = scenario.come_back(); !done) return done;
  if (auto done = scenario.audit(url); !done) return done;
  return verify(scenario, *api, plan, result);
}

// SIGINT and SIGTERM are kept back from now on, so that the cloud node is not left behind.
sigset_t keep_back_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void wait_for_interrupt(Session& session, const std::string& url) {
  const sigset_t signals = keep_back_signals();
  session.err << "the cloud node stays at " << url << " until Ctrl-C; look around, e.g.\n"
              << "  syncline --server " << url << " conflicts list\n";
  int received = 0;
  sigwait(&signals, &received);
}

Result<ExitCode> run_demo(Session& session, const Arguments& arguments) {
  const auto started = std::chrono::steady_clock::now();
  const auto source = load_iso_codes(arguments.data_directory);
  if (!source) return source.error();
  const auto cloud = CloudProcess::start();
  if (!cloud) return cloud.error();
  DemoResult result;
  result.url = (*cloud)->url();
  if (!session.json) {
    session.out << "a cloud node at " << result.url << " (process " << (*cloud)->process_id()
                << "), two edges in this process, data of ISO 3166 and ISO 639\n\n";
  }
  if (const auto played = play(session, *source, result.url, result); !played) {
    return played.error();
  }
  if (!arguments.keep) {
    result.checks.push_back({"the cloud node ended when it was asked to", (*cloud)->stop(), {}});
  }
  const auto elapsed = std::chrono::steady_clock::now() - started;
  result.duration_us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
  if (session.json) {
    print_json(session, report_json(result));
  } else {
    session.out << report_text(result, session.out_terminal.width);
  }
  session.out.flush();
  if (arguments.keep) wait_for_interrupt(session, result.url);
  return result.agrees() ? ExitCode::ok : ExitCode::disagreement;
}

}  // namespace

Command demo_command() {
  auto arguments = std::make_shared<Arguments>();
  Command command;
  command.name = "demo";
  command.summary = "Watch two offline edges and a cloud node collide on real rows and agree";
  command.examples =
      "A cloud node runs in a process of its own on a free loopback port. Two edges load "
      "countries,\n"
      "subdivisions and languages through it, edit the same rows offline, one of them with a "
      "clock\n"
      "that is five minutes slow, come back and synchronise. Every kind of conflict occurs. The\n"
      "exit status is 9 if anything disagrees in the end.\n\n"
      "examples:\n"
      "  syncline demo\n"
      "  syncline demo --json\n"
      "  syncline demo --keep                     then look around with the other commands";
  command.options = {{.name = "--data-dir",
                      .target = &arguments->data_directory,
                      .help = "where the tables of iso-codes are "
                              "(/usr/share/iso-codes/json)",
                      .value_name = "DIR"},
                     {.name = "--keep",
                      .target = &arguments->keep,
                      .help = "keep the cloud node running afterwards, until interrupted"}};
  command.run = [arguments](Session& session) { return run_demo(session, *arguments); };
  command.talks_to_server = false;
  return command;
}

}  // namespace syncline::app
