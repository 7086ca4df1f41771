// Changes that a server never takes, from edges on disk: nothing behind them waits.

#include "integration/data_directory.hpp"
#include "integration/faulty_world.hpp"
#include "syncline/node.hpp"

namespace syncline::test {
namespace {

using cli_test::on;
using cli_test::parsed;
using cli_test::Run;
using cli_test::Scratch;
using nlohmann::json;

constexpr std::size_t most_bytes = 1'000;

TenantManager::Options small_changes() {
  TenantManager::Options options;
  options.max_change_bytes = most_bytes;
  return options;
}

std::string too_large() { return '"' + std::string(5 * most_bytes, 'x') + '"'; }

struct PoisonWorld {
  TestServer server{{}, small_changes()};
  Tenant& tenant = server.add_tenant("shop");
  const Scratch scratch;
  const std::string directory = scratch / "edge";

  PoisonWorld() {
    const Run made = cli_test::run({"edge", "init", directory, "--server", server.server().url(),
                                    "--tenant", "shop", "--name", "edge"});
    REQUIRE_MESSAGE(made.status == 0, made.err);
  }
  Replica& cloud() { return tenant.replica(); }
  std::string text(const std::string& row) {
    const Row found = cloud().get("t", row);
    return found.exists() ? std::string(found.winner->data) : "(none)";
  }
  json sync() { return parsed(cli_test::run({"sync", directory, "--json"})); }
};

/// A program that has the edge's directory open.
struct Program {
  explicit Program(PoisonWorld& world) : transport(world.server.connect()) {
    Node::Options options;
    options.directory = world.directory;
    options.create = false;
    auto opened = Node::open(std::move(options));
    REQUIRE(opened);
    node = std::move(*opened);
    TenantManager::Options with;
    with.store = node.get();
    auto manager = TenantManager::open(with);
    REQUIRE(manager);
    tenants = std::move(*manager);
    auto found = tenants->get("shop");
    REQUIRE(found);
    tenant = *found;
    SyncClient::Options sync;
    sync.tenant = "shop";
    client = std::make_unique<SyncClient>(tenant->replica(), *transport, sync);
  }
  void put(const std::string& row, const std::string& data) {
    REQUIRE(tenant->replica().put("t", row, Payload::json(data)));
  }
  SyncReport sync() {
    auto report = client->sync();
    REQUIRE_MESSAGE(report, to_string(report.error()));
    return std::move(*report);
  }

  std::unique_ptr<Node> node;
  std::unique_ptr<TenantManager> tenants;
  std::shared_ptr<Tenant> tenant;
  std::unique_ptr<Transport> transport;
  std::unique_ptr<SyncClient> client;
};

}  // namespace

TEST_SUITE("changes that are never taken, over HTTP") {
  TEST_CASE_FIXTURE(PoisonWorld, "a program that goes on has them back, and they are kept for it") {
    {
      Program program(*this);
      program.put("r50", "\"before\"");
      program.sync();
      for (int i = 0; i < 50; ++i) {
        if (i == 25) {
          program.put("r50", too_large());
          const std::string data = too_large();
          const Write both[] = {{WriteKind::put, "t", "with", Payload::json("1"), {}},
                                {WriteKind::put, "t", "large", Payload::json(data), {}}};
          REQUIRE(program.tenant->replica().transaction(both));
        }
        program.put("r" + std::to_string(i), std::to_string(i));
      }
      const SyncReport report = program.sync();
      CHECK(report.taken_back.size() == 3);
      CHECK(report.rejected.size() >= 2);
      CHECK(report.stubs_sent == 0);
      program.put("behind", "1");
      CHECK(program.sync().accepted == 1);
    }
    for (int i = 0; i < 50; ++i) CHECK(text("r" + std::to_string(i)) == std::to_string(i));
    CHECK(text("r50") == "\"before\"");
    CHECK(text("with") == "(none)");
    CHECK(text("large") == "(none)");
    CHECK(text("behind") == "1");
    // After the program's end they are still there to be read, and to be written in another form.
    const json rejected = parsed(on(directory, {"rejected", "list", "--json"}))["rejected"];
    REQUIRE(rejected.size() == 3);
    std::size_t whole = 0;
    for (const json& each : rejected) {
      CHECK(each["rejected_at"].is_string());
      if (each["change"]["data"] == std::string(5 * most_bytes, 'x')) ++whole;
    }
    CHECK(whole == 2);
    CHECK(cli_test::has(on(directory, {"rejected", "list"}).out, "too_large"));
    CHECK(cli_test::raw(on(directory, {"get", "t", "r50", "--raw"})) == "\"before\"");
    REQUIRE(on(directory, {"put", "t", "r50", "\"short\""}).status == 0);
    CHECK(on(directory, {"rejected", "discard", "--all"}).status == 0);
    CHECK(sync()["accepted"] == 1);
    CHECK(text("r50") == "\"short\"");
    CHECK(parsed(on(directory, {"rejected", "list", "--json"}))["rejected"].empty());
    CHECK(cli_test::run({"verify", directory}).status == 0);
  }

  TEST_CASE_FIXTURE(PoisonWorld, "what somebody may have by now goes over without its data") {
    // Written by programs that have ended since: nobody knows whom they sent it to.
    std::string lines;
    for (int i = 0; i < 50; ++i) {
      const std::string data = i == 25 ? too_large() : std::to_string(i);
      lines += R"({"table":"t","row_id":"r)" + std::to_string(i) + R"(","data":)" + data + "}\n";
    }
    const Run written = cli_test::run({"import", "-", "--data", directory}, lines);
    REQUIRE_MESSAGE(written.status == 0, written.err);
    const Run both = cli_test::run({"put", "t", "behind", "1", "--data", directory});
    REQUIRE(both.status == 0);
    const json report = sync();
    CHECK(report["rejected"].empty());
    CHECK(report["stubs_sent"] == 1);
    for (int i = 0; i < 50; ++i) {
      if (i != 25) CHECK(text("r" + std::to_string(i)) == std::to_string(i));
    }
    CHECK(text("behind") == "1");
    CHECK(sync()["requests"] == 1);

    // A reader of rows is told that there are no data, and other edges get past it.
    TestClient client(server);
    const HttpResponse row = client.get("/v1/tenants/shop/rows/t/r25");
    CHECK(json_of(row)["stub"] == true);
    CHECK(json_of(row)["data"].is_null());
    Participant other("shop", server.server().url());
    other.sync();
    CHECK(other.replica().get("t", "r49").exists());
    // Whoever writes upon it gives the row data again.
    other.put("r25", "\"short\"");
    other.sync();
    CHECK(sync()["pulled"] == 1);
    CHECK(cli_test::raw(on(directory, {"get", "t", "r25", "--raw"})) == "\"short\"");
    CHECK(text("r25") == "\"short\"");
    CHECK(other.replica().visible_checksum() == cloud().visible_checksum());
  }
}

}  // namespace syncline::test
