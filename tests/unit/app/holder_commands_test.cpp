// The commands about who holds a log back, on a directory.
#include <filesystem>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "app/cli.hpp"
#include "app/commands.hpp"
#include "app/data_connection.hpp"
#include "support/results.hpp"
#include "sync/hub.hpp"

namespace {

using namespace syncline;
using namespace syncline::app;

constexpr const char* phone = "11111111-2222-4333-8444-555555555555";

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;

  bool says(const std::string& text) const { return out.find(text) != std::string::npos; }
};

/// A server's directory with a long log, a replica and a consumer that need it.
struct HeldLog {
  HeldLog() {
    std::string name = "/tmp/syncline-app-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    scratch = name;
    Node::Options options;
    options.directory = scratch + "/data";
    options.durability = Durability::none;
    auto opened = OpenDirectory::open(options);
    REQUIRE(opened);
    const auto tenant = opened->tenants->create("default", "pro");
    REQUIRE(tenant);
    std::vector<std::string> payloads;
    for (int i = 0; i < 20; ++i) payloads.push_back(std::to_string(i));
    for (const std::string& payload : payloads) {
      REQUIRE((*tenant)->replica().put("t", payload, Payload::json(payload)));
    }
    Hub hub;
    RegisterRequest request;
    request.protocol = {1};
    request.node_id = *NodeId::parse(phone);
    request.name = "phone";
    REQUIRE(hub.register_peer(*tenant, request));
    HeartbeatRequest beat;
    beat.node_id = request.node_id;
    beat.clock = WireClock(VectorClock{{(*tenant)->replica().node(), 5}});
    REQUIRE(hub.heartbeat(*tenant, beat));
    REQUIRE(hub.exchange_of(*tenant)->consumers.note("search", (*tenant)->replica().log_id(), 12,
                                                     system_clock().now_us()));
    REQUIRE((*tenant)->replica().flush());
  }
  ~HeldLog() {
    std::error_code ignored;
    std::filesystem::remove_all(scratch, ignored);
  }
  HeldLog(const HeldLog&) = delete;
  HeldLog& operator=(const HeldLog&) = delete;

  Outcome run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--data", scratch + "/data"});
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Session session{
        .client = {}, .in = in, .out = out, .err = err, .out_terminal = {}, .err_terminal = {}};
    Outcome outcome;
    outcome.status = run_command_line(root_command(), words, session);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  std::string scratch;
};

}  // namespace

TEST_CASE_FIXTURE(HeldLog, "peers are listed, shown and forgotten") {
  const Outcome list = run({"peers", "list"});
  CHECK(list.status == 0);
  CHECK(list.says(phone));
  CHECK(list.says("live"));
  CHECK(list.says("15 changes from LSN 6, stable"));
  const Outcome show = run({"peers", "show", phone});
  CHECK(show.status == 0);
  CHECK(show.says("15 changes from LSN 6"));
  CHECK(nlohmann::json::parse(run({"peers", "show", phone, "--json"}).out)["name"] == "phone");
  CHECK(run({"peers", "show", "22222222-2222-4333-8444-555555555555"}).status == 4);
  CHECK(run({"peers", "forget", phone}).status == 0);
  CHECK(run({"peers", "list"}).says("expired"));
}

TEST_CASE_FIXTURE(HeldLog, "the log is shown with who holds it, and trimmed") {
  const Outcome show = run({"log", "show"});
  CHECK(show.status == 0);
  CHECK(show.says("LSN 1 to 20"));
  CHECK(show.says(std::string("replica ") + phone + " (phone)"));
  CHECK(show.says("consumer search"));
  CHECK(show.out.find("phone") < show.out.find("search"));
  const Outcome refused = run({"log", "trim", "--before", "20"});
  CHECK(refused.status == 5);
  CHECK(refused.err.find("search") != std::string::npos);
  CHECK(refused.err.find(phone) != std::string::npos);
  const Outcome trimmed = run({"log", "trim"});
  CHECK(trimmed.status == 0);
  CHECK(trimmed.says("the log begins at LSN"));
  CHECK(run({"log", "trim", "--before", "20", "--force"}).status == 0);
  CHECK(run({"log", "trim", "--force"}).status == 2);
}

TEST_CASE_FIXTURE(HeldLog, "consumers are listed and forgotten") {
  const Outcome list = run({"consumers", "list"});
  CHECK(list.status == 0);
  CHECK(list.says("search"));
  CHECK(list.says("8 changes from LSN 13"));
  CHECK(run({"consumers", "forget", "search"}).status == 0);
  CHECK_FALSE(run({"consumers", "list"}).says("search"));
  CHECK(run({"consumers", "forget", "search"}).status == 4);
}

TEST_CASE_FIXTURE(HeldLog, "the home and the lease are set like other settings") {
  const auto shown = [&](const char* name) {
    const auto tenant = nlohmann::json::parse(run({"tenant", "show", "default", "--json"}).out);
    return tenant["settings"][name];
  };
  CHECK(run({"tenant", "show", "default"}).says("self"));
  CHECK(run({"tenant", "set", "default", "--home", "none", "--lease-s", "3600"}).status == 0);
  CHECK(shown("home").is_null());
  CHECK(shown("lease_s") == 3600);
  CHECK(run({"tenant", "set", "default", "--home", phone}).status == 0);
  CHECK(shown("home") == phone);
  CHECK(run({"tenant", "set", "default", "--lease-s", "60"}).status == 0);
  CHECK(shown("home") == phone);
  CHECK(run({"tenant", "set", "default", "--home", "me"}).status == 1);
  CHECK(run({"tenant", "set", "default", "--lease-s", "59"}).status == 2);
}
