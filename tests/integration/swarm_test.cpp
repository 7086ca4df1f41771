// A server and many edges, each a process with a directory of its own, over a slow network that
// breaks. SYNCLINE_SWARM_EDGES and SYNCLINE_SWARM_ROWS say how many of each.
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "integration/data_directory.hpp"
#include "support/fault_proxy.hpp"

namespace {

using namespace cli_test;
using nlohmann::json;
using syncline::test::FaultProxy;
using syncline::test::Faults;

/// There and back together make 200 ms.
constexpr std::chrono::milliseconds latency{100};
constexpr unsigned break_percent = 5;
/// Of the edits, in percent: of rows that one other edge edits, too, without knowing.
constexpr std::size_t colliding_percent = 30;
/// How often a round is begun anew because its connection broke.
constexpr int max_attempts = 20;
/// What a process may take: the program itself, and each row with its history several times over.
constexpr std::uint64_t most_base_kib = 96 * 1024;
constexpr std::uint64_t most_kib_a_row = 8;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_means_something = false;
#elif defined(__has_feature)
constexpr bool memory_means_something =
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool memory_means_something = true;
#endif

std::size_t wanted(const char* variable, std::size_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string row_line(std::size_t row, const std::string& by) {
  // Half of the rows are in a table whose conflicts wait for somebody, half where the later wins.
  const std::string table = row % 2 == 0 ? "orders" : "customers";
  return R"({"table":")" + table + R"(","row_id":")" + std::to_string(1'000'000 + row) +
         R"(","data":{"by":")" + by + R"(","text":")" + std::string(100, 'x') + "\"}}\n";
}

/// `VmHWM` of a process that is running.
std::uint64_t peak_kib_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

/// What all have to agree on of a conflict.
std::set<std::string> conflicts_in(const Run& listed) {
  std::set<std::string> found;
  const json page = parsed(listed);
  for (const json& report : page["conflicts"]) {
    found.insert(report["id"].get<std::string>() + ' ' + report["status"].get<std::string>() + ' ' +
                 report["winner_dot"].dump());
  }
  CHECK(page["next"].is_null());
  return found;
}

const std::vector<std::string> list_conflicts{"conflicts", "list",     "--json", "--limit",
                                              "1000000",   "--status", "all"};

struct Edge {
  std::string directory;
  std::unique_ptr<FaultProxy> network;
  std::uint64_t peak_kib = 0;
  int begun_anew = 0;  // rounds whose connection broke
  bool done = false;

  Run run(const std::vector<std::string>& words, const std::string& input = {}) {
    const Run run = cli_test::run(words, input);
    peak_kib = std::max(peak_kib, run.peak_kib);
    return run;
  }
  /// One round, begun anew where the network broke it.
  void sync() {
    done = false;
    for (int attempt = 0; attempt < max_attempts && !done; ++attempt) {
      done = run({"sync", directory, "--json"}).status == 0;
      if (!done) ++begun_anew;
    }
  }
};

class Swarm {
 public:
  Swarm(std::size_t edges, std::size_t rows)
      : rows_(rows), server_(scratch_ / "server", {"--tenant", "shop"}), edges_(edges) {
    REQUIRE(server_.run({"tenant", "set", "shop", "--table-policy", "orders=causal"}).status == 0);
    const std::string address = server_.address();
    const auto port = static_cast<std::uint16_t>(std::stoul(address.substr(address.find(':') + 1)));
    Faults faults;
    faults.delay = latency;
    faults.break_percent = break_percent;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      Edge& edge = edges_[i];
      faults.seed = i + 1;
      edge.network = std::make_unique<FaultProxy>(port, faults);
      edge.directory = scratch_ / ("edge-" + std::to_string(i));
      REQUIRE(edge.run({"edge", "init", edge.directory, "--server", edge.network->url(), "--tenant",
                        "shop", "--name", std::to_string(i)})
                  .status == 0);
    }
  }

  void load() {
    std::string lines;
    for (std::size_t row = 0; row < rows_; ++row) lines += row_line(row, "server");
    REQUIRE(server_.run({"import", "-"}, lines).status == 0);
  }

  /// Every edge edits its share of the rows offline. How many rows two edges edited.
  std::size_t edit() {
    const std::size_t share = rows_ / edges_.size();
    const std::size_t colliding = share * colliding_percent / 100;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      // Two neighbours write the same first rows of the share of the even one.
      const std::size_t own = i * share;
      const std::size_t shared = (i - i % 2) * share;
      std::string lines;
      for (std::size_t k = 0; k < share; ++k) {
        const bool collides = k < colliding && (i % 2 == 1 || i + 1 < edges_.size());
        lines += row_line(collides ? shared + k : own + k, "edge " + std::to_string(i));
      }
      const Run done = edges_[i].run({"import", "-", "--data", edges_[i].directory}, lines);
      REQUIRE_MESSAGE(done.status == 0, done.err);
    }
    return edges_.size() / 2 * colliding;
  }

  /// One round of each edge, all at once.
  void round() {
    std::vector<std::thread> threads;
    for (Edge& edge : edges_) threads.emplace_back([&edge] { edge.sync(); });
    for (std::thread& thread : threads) thread.join();
    for (const Edge& edge : edges_) CHECK(edge.done);
  }

  void check_all_same(std::size_t expected_conflicts) {
    const std::string rows = raw(server_.run({"export"}));
    const std::set<std::string> conflicts = conflicts_in(server_.run(list_conflicts));
    CHECK(conflicts.size() == expected_conflicts);
    for (const Edge& edge : edges_) {
      CAPTURE(edge.directory);
      CHECK((raw(on(edge.directory, {"export"})) == rows));
      CHECK((conflicts_in(on(edge.directory, list_conflicts)) == conflicts));
    }
  }

  void check_memory() {
    std::uint64_t most = 0;
    std::uint64_t broken = 0;
    int begun_anew = 0;
    for (const Edge& edge : edges_) {
      most = std::max(most, edge.peak_kib);
      broken += edge.network->counts().broken;
      begun_anew += edge.begun_anew;
    }
    const std::uint64_t server = peak_kib_of(server_.process_id());
    MESSAGE("peak memory: server " << server / 1024 << " MiB, the largest edge " << most / 1024
                                   << " MiB; " << broken << " connections broken, " << begun_anew
                                   << " rounds begun anew");
    CHECK(server > 0);
    if (!memory_means_something) return;
    CHECK(server < most_base_kib + rows_ * most_kib_a_row);
    CHECK(most < most_base_kib + rows_ * most_kib_a_row);
  }

  void stop() { server_.stop(); }

 private:
  const std::size_t rows_;
  const Scratch scratch_;
  DataServer server_;
  std::vector<Edge> edges_;
};

}  // namespace

TEST_CASE("edges behind a bad network converge within two rounds, with the same conflicts") {
  Swarm swarm(wanted("SYNCLINE_SWARM_EDGES", 4), wanted("SYNCLINE_SWARM_ROWS", 500));
  swarm.load();
  swarm.round();
  const std::size_t collided = swarm.edit();
  // The first brings everything to the server, the second brings back what others wrote.
  swarm.round();
  swarm.round();
  swarm.check_all_same(collided);
  swarm.check_memory();
  swarm.stop();
}
