// What a first synchronisation costs: time, requests, bytes on the wire, memory on both sides.
//
//   bench_sync [measurement…]
//
// measurement: rows, history, trimmed; all if none is given
//
// The server is the program `syncline`, in memory; who fills it and who synchronises are processes
// of their own, so that the peak memory of each is its own.
#include <cstdio>
#include <functional>
#include <sstream>
#include <unistd.h>

#include <sys/wait.h>

#include "server_process.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::bench {
namespace {

constexpr int rounds = 3;
constexpr const char* tenant = "default";

/// The text of a pipe until its other end is closed.
std::string read_all(int descriptor) {
  std::string text;
  char bytes[4096];
  for (ssize_t size = 0; (size = ::read(descriptor, bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(size));
  }
  return text;
}

/// What a process has to report, as numbers.
using Figures = std::vector<std::uint64_t>;

/// Does `work` in a process of its own.
Figures in_process(const std::function<Figures()>& work) {
  int ends[2];
  expect(::pipe(ends) == 0, "no pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  expect(child >= 0, "no process");
  if (child == 0) {
    std::string text;
    for (const std::uint64_t figure : work()) text += std::to_string(figure) + ' ';
    const bool written = ::write(ends[1], text.data(), text.size()) >= 0;
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::istringstream text(read_all(ends[0]));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  expect(status == 0, "a process failed");
  Figures figures;
  for (std::uint64_t figure = 0; text >> figure;) figures.push_back(figure);
  return figures;
}

SyncReport synchronise(Replica& replica, Transport& transport, bool by_snapshot) {
  SyncClient::Options options;
  options.tenant = tenant;
  SyncClient client(replica, transport, options);
  const auto report = by_snapshot ? client.bootstrap() : client.sync();
  if (!report) std::cerr << to_string(report.error()) << '\n';
  expect(report.has_value(), "a synchronisation failed");
  return *report;
}

/// Has another replica write `changes` changes and push them. Gives the rows' number and checksum.
Figures fill(const ServerProcess& server, std::size_t changes) {
  return in_process([&]() -> Figures {
    const auto replica = open_replica();
    write_changes(*replica, 0, changes);
    const auto transport = server.connect();
    synchronise(*replica, *transport, false);
    const VisibleChecksum checksum = replica->visible_checksum();
    return {checksum.rows, checksum.hash};
  });
}

struct Outcome {
  std::uint64_t duration_us = 0;
  std::uint64_t requests = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t peak = 0;
};

/// A new replica takes over what the server has.
Outcome first_synchronisation(const ServerProcess& server, bool by_snapshot,
                              const Figures& expected) {
  const Figures figures = in_process([&]() -> Figures {
    const auto replica = open_replica();
    const auto transport = server.connect();
    const SyncReport report = synchronise(*replica, *transport, by_snapshot);
    const std::uint64_t peak = peak_bytes(0);  // before the check, which is not part of it
    const VisibleChecksum checksum = replica->visible_checksum();
    expect(Figures({checksum.rows, checksum.hash}) == expected, "the rows are not the same");
    return {report.duration_us, report.requests, report.bytes_sent, report.bytes_received, peak};
  });
  expect(figures.size() == 5, "a process did not report");
  return {figures[0], figures[1], figures[2], figures[3], figures[4]};
}

/// Drops the server's log, whoever has not read it: what is left is rows.
void trim(const ServerProcess& server, std::size_t changes) {
  HttpRequest request;
  request.method = "POST";
  request.target = std::string("/v1/tenants/") + tenant + "/log/trim";
  request.headers["Content-Type"] = "application/json";
  request.body = "{\"before_lsn\":" + std::to_string(changes + 1) + ",\"force\":true}";
  const auto answer = server.connect()->send(request);
  expect(answer.has_value() && answer->status == 200, "the log is not trimmed");
}

double mega(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

/// `raw_bytes`: of the payloads, row ids and table names of what has to go over.
void measure_way(const ServerProcess& server, bool by_snapshot, const Figures& expected,
                 std::uint64_t raw_bytes) {
  std::vector<Outcome> outcomes;
  for (int round = 0; round < rounds; ++round) {
    outcomes.push_back(first_synchronisation(server, by_snapshot, expected));
  }
  std::sort(outcomes.begin(), outcomes.end(),
            [](const Outcome& a, const Outcome& b) { return a.duration_us < b.duration_us; });
  const Outcome& median = outcomes[outcomes.size() / 2];
  std::printf(
      "  by %s: %.2f s (%.2f to %.2f), %llu requests, %.1f MB received (%.2f times raw), %.3f MB "
      "sent\n    peak memory: client %.0f MB, server so far %.0f MB\n",
      by_snapshot ? "snapshot" : "pull", 1e-6 * static_cast<double>(median.duration_us),
      1e-6 * static_cast<double>(outcomes.front().duration_us),
      1e-6 * static_cast<double>(outcomes.back().duration_us),
      static_cast<unsigned long long>(median.requests), mega(median.received),
      static_cast<double>(median.received) / static_cast<double>(raw_bytes), mega(median.sent),
      mega(median.peak), mega(server.peak()));
}

void measure(std::size_t changes, bool trimmed) {
  constexpr std::uint64_t row_bytes = payload_bytes + key_bytes + table.size();
  const ServerProcess server;
  const Figures expected = fill(server, changes);
  expect(expected.size() == 2 && expected.front() == row_count, "the server was not filled");
  if (trimmed) trim(server, changes);
  std::printf(
      "%zu rows of %zu bytes (%.1f MB raw) after %zu changes%s; server with them: %.0f MB\n",
      row_count, payload_bytes, mega(row_count * row_bytes), changes,
      trimmed ? ", log trimmed" : "", mega(server.peak()));
  measure_way(server, true, expected, row_count * row_bytes);
  // Where the log is trimmed, pulling from its beginning would end in the same snapshot.
  if (!trimmed) measure_way(server, false, expected, changes * row_bytes);
}

}  // namespace
}  // namespace syncline::bench

int main(int count, char** words) {
  using namespace syncline::bench;
  const std::vector<std::string> named(words + std::min(count, 1), words + count);
  const auto wanted = [&](const char* name) {
    return named.empty() || std::find(named.begin(), named.end(), name) != named.end();
  };
  for (const std::string& name : named) {
    expect(name == "rows" || name == "history" || name == "trimmed",
           "no such measurement; there are rows, history, trimmed");
  }
  if (wanted("rows")) measure(row_count, false);
  if (wanted("history")) measure(preloaded_changes, false);
  if (wanted("trimmed")) measure(preloaded_changes, true);
  return 0;
}
