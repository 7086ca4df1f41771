#include "syncline/node.hpp"

#include <thread>

#include <doctest/doctest.h>

#include "syncline/node_tools.hpp"
#include "unit/node/node_fixture.hpp"

namespace syncline {
namespace {

using namespace test;

TEST_CASE_FIXTURE(NodeFixture, "a directory keeps its tenants and their data") {
  NodeId node;
  {
    const OpenNode first = open();
    REQUIRE(first.tenants->create("acme", "pro"));
    REQUIRE(first.tenants->create("beta", "starter"));
    node = first.tenant("acme").replica().node();
    REQUIRE(put(first.tenant("acme"), "1", "kept"));
    REQUIRE(put(first.tenant("beta"), "1", "of beta"));
    REQUIRE(first.tenants->set_plan("beta", "enterprise"));
  }
  const OpenNode second = open();
  CHECK(second.tenants->list().size() == 2);
  CHECK(second.tenant("acme").replica().node() == node);
  CHECK(data_of(second.tenant("acme"), "1") == "kept");
  CHECK(data_of(second.tenant("beta"), "1") == "of beta");
  CHECK(second.tenant("beta").plan().name == "enterprise");
  const auto openings = second.node->openings();
  REQUIRE(openings.size() == 2);
  CHECK(openings.front().id == "acme");
  CHECK(openings.front().journal.entries >= 2);
  CHECK(openings.front().journal.closed_cleanly);
  CHECK_FALSE(openings.front().identity_changed);
}

TEST_CASE_FIXTURE(NodeFixture, "what was acknowledged survives a power cut") {
  auto crashed = std::make_unique<OpenNode>(open());
  REQUIRE(crashed->tenants->create("acme", "pro"));
  REQUIRE(put(crashed->tenant("acme"), "1", "kept"));
  disk.crash_to_synced();
  crashed.reset();
  const OpenNode again = open();
  CHECK(data_of(again.tenant("acme"), "1") == "kept");
  CHECK_FALSE(again.node->openings().front().journal.closed_cleanly);
}

TEST_CASE_FIXTURE(NodeFixture, "a directory that was made survives a power cut with its parents") {
  {
    open("/deep/down/data");
  }
  disk.crash_to_synced();
  CHECK(read_catalogue(disk, "/deep/down/data"));
}

TEST_CASE_FIXTURE(NodeFixture, "only one has a directory, for as long as a journal is held") {
  auto first = std::make_unique<OpenNode>(open());
  REQUIRE(first->tenants->create("acme", "pro"));
  const auto refused = Node::open(options(disk));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().detail.find("in use by") != std::string::npos);
  const auto held = first->tenants->get("acme").value();
  first.reset();
  CHECK(Node::open(options(disk)).has_error());
  CHECK(put(*held, "1", "under way"));
}

TEST_CASE_FIXTURE(NodeFixture, "who waits gets the directory when it is let go") {
  auto first = std::make_unique<OpenNode>(open());
  bool opened = false;
  std::thread waiting([&] {
    Node::Options patient = options(disk);
    patient.lock_wait = std::chrono::seconds(20);
    opened = Node::open(patient).has_value();
  });
  first.reset();
  waiting.join();
  CHECK(opened);
}

TEST_CASE_FIXTURE(NodeFixture, "a removed tenant's files go with the last who uses them") {
  const OpenNode node = open();
  REQUIRE(node.tenants->create("acme", "pro"));
  auto held = node.tenants->get("acme").value();
  const LogId log_id = held->replica().log_id();
  REQUIRE(put(*held, "1", "of the first"));
  REQUIRE(node.tenants->remove("acme"));
  CHECK(disk.exists("/data/tenants/acme.1"));
  CHECK(put(*held, "2", "under way"));
  REQUIRE(node.tenants->create("acme", "pro"));
  held.reset();
  CHECK_FALSE(disk.exists("/data/tenants/acme.1"));
  CHECK(disk.exists("/data/tenants/acme.2"));
  CHECK(node.tenant("acme").replica().statistics().changes == 0);
  CHECK(node.tenant("acme").replica().log_id() != log_id);
  REQUIRE(node.tenants->remove("acme"));
  CHECK_FALSE(disk.exists("/data/tenants/acme.2"));
}

TEST_CASE_FIXTURE(NodeFixture, "what no catalogue names goes at the next opening") {
  {
    REQUIRE(open().tenants->create("acme", "pro"));
  }
  REQUIRE(disk.create_directories("/data/tenants/ghost.7"));
  REQUIRE(replace_file(disk, "/data/tenants/ghost.7/x", "y"));
  const OpenNode node = open();
  CHECK_FALSE(disk.exists("/data/tenants/ghost.7"));
  CHECK(node.tenants->list().size() == 1);
}

TEST_CASE_FIXTURE(NodeFixture, "a directory of something else is left alone") {
  REQUIRE(disk.create_directories("/data"));
  REQUIRE(replace_file(disk, "/data/letters.txt", "dear all"));
  const auto refused = Node::open(options(disk));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::bad_request);
  CHECK(refused.error().detail.find("letters.txt") != std::string::npos);
  CHECK(disk.list("/data").value().size() == 1);
}

TEST_CASE_FIXTURE(NodeFixture, "who does not want a new directory gets none") {
  Node::Options existing = options(disk);
  existing.create = false;
  const auto refused = Node::open(existing);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::not_found);
  CHECK_FALSE(disk.exists("/data"));
}

TEST_CASE_FIXTURE(NodeFixture, "a damaged catalogue, or none beside data, is refused and kept") {
  {
    REQUIRE(open().tenants->create("acme", "pro"));
  }
  overwrite(disk, "/data/NODE");
  const auto damaged = Node::open(options(disk));
  REQUIRE(damaged.has_error());
  CHECK(damaged.error().code == ErrorCode::internal);
  CHECK(damaged.error().detail.find("/data/NODE") != std::string::npos);
  REQUIRE(disk.remove("/data/NODE"));
  const auto missing = Node::open(options(disk));
  REQUIRE(missing.has_error());
  CHECK(missing.error().code == ErrorCode::internal);
  CHECK(disk.exists("/data/tenants/acme.1"));
}

TEST_CASE_FIXTURE(NodeFixture, "a process that ended between catalogue and copy leaves no damage") {
  REQUIRE(open().tenants->create("acme", "pro"));
  const auto before = read_file(disk, "/data/NODE", 4096);
  REQUIRE(before);
  REQUIRE(open().tenants->create("beta", "pro"));
  REQUIRE(replace_file(disk, "/data/NODE", *before));  // as if it had not come to that
  CHECK(open().tenants->list().size() == 1);
  const auto survey = verify_node(disk, "/data");
  REQUIRE(survey);
  CHECK_FALSE(survey->copy_error.has_value());
}

TEST_CASE_FIXTURE(NodeFixture, "a tenant whose directory is gone is not taken for an empty one") {
  {
    REQUIRE(open().tenants->create("acme", "pro"));
  }
  REQUIRE(disk.remove_all("/data/tenants/acme.1"));
  const auto missing = try_open(options(disk));
  REQUIRE(missing.has_error());
  CHECK(missing.error().code == ErrorCode::internal);
  CHECK(missing.error().detail.find("acme.1") != std::string::npos);
  CHECK_FALSE(disk.exists("/data/tenants/acme.1"));
}

TEST_CASE_FIXTURE(NodeFixture, "a copy takes new ids, and so does what is declared to be one") {
  NodeId before;
  {
    const OpenNode node = open();
    REQUIRE(node.tenants->create("acme", "pro"));
    REQUIRE(put(node.tenant("acme"), "1", "kept"));
    before = node.tenant("acme").replica().node();
  }
  REQUIRE(disk.copy("/data", "/copy"));
  {
    const OpenNode copy = open("/copy");
    CHECK(copy.tenant("acme").replica().node() != before);
    CHECK(data_of(copy.tenant("acme"), "1") == "kept");
    CHECK(copy.node->openings().front().identity_changed);
  }
  CHECK_FALSE(open("/copy").node->openings().front().identity_changed);
  CHECK(open().tenant("acme").replica().node() == before);
  Node::Options restored = options(disk);
  restored.restored = true;
  const auto opened = try_open(restored);
  REQUIRE(opened);
  CHECK(opened->tenant("acme").replica().node() != before);
  CHECK(opened->node->openings().front().identity_changed);
}

TEST_CASE_FIXTURE(NodeFixture, "an edge has one tenant, and its server's settings") {
  const EdgeHome home{"http://127.0.0.1:8437", "shop", "tablet"};
  REQUIRE(Node::init_edge(options(disk), home, noon_us));
  NodeId before;
  TenantSettings settings;
  settings.policies.default_policy = "causal";
  settings.version = 12;
  {
    const OpenNode edge = open();
    CHECK(edge.node->edge() == home);
    CHECK(edge.tenants->list().size() == 1);
    CHECK(edge.tenant("shop").created_at_us() == noon_us);
    before = edge.tenant("shop").replica().node();
    for (const Result<void>& refused :
         {edge.tenants->set_settings("shop", settings), edge.tenants->set_plan("shop", "free"),
          edge.tenants->remove("shop")}) {
      REQUIRE(refused.has_error());
      CHECK(refused.error().code == ErrorCode::bad_request);
      CHECK(refused.error().detail.find(home.server) != std::string::npos);
    }
    CHECK(edge.tenants->create("other", "pro").error().code == ErrorCode::bad_request);
    REQUIRE(edge.node->keep_settings(settings));
  }
  const OpenNode edge = open();
  CHECK(edge.tenant("shop").replica().node() == before);
  CHECK(edge.tenant("shop").settings().version == 12);
  CHECK(edge.tenant("shop").replica().policies().default_policy == "causal");
}

TEST_CASE_FIXTURE(NodeFixture, "an edge is not made where a node is, nor with a bad tenant") {
  const EdgeHome home{"http://127.0.0.1:8437", "shop", "tablet"};
  {
    REQUIRE(open().tenants->create("acme", "pro"));
  }
  const auto refused = Node::init_edge(options(disk), home, noon_us);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::bad_request);
  CHECK(refused.error().detail.find("of a server") != std::string::npos);
  CHECK(open().tenants->list().size() == 1);
  EdgeHome bad = home;
  bad.tenant = "Shop";
  CHECK(Node::init_edge(options(disk, "/edge"), bad, noon_us).error().code ==
        ErrorCode::bad_request);
  CHECK_FALSE(disk.exists("/edge"));
  REQUIRE(Node::init_edge(options(disk, "/edge"), home, noon_us));
  CHECK(Node::init_edge(options(disk, "/edge"), home, noon_us).error().code ==
        ErrorCode::bad_request);
  // Only edges are told their settings.
  CHECK(open().node->keep_settings({}).error().code == ErrorCode::bad_request);
}

TEST_CASE_FIXTURE(NodeFixture, "without waiting for the disk, a clean end keeps everything") {
  for (const Durability durability : {Durability::none, Durability::interval}) {
    CAPTURE(to_string(durability));
    Node::Options lazy = options(disk, "/" + std::string(to_string(durability)));
    lazy.durability = durability;
    lazy.interval = std::chrono::milliseconds(5);
    {
      const auto node = try_open(lazy);
      REQUIRE(node);
      REQUIRE(node->tenants->create("acme", "pro"));
      REQUIRE(put(node->tenant("acme"), "1", "kept"));
    }
    const auto node = try_open(lazy);
    REQUIRE(node);
    CHECK(data_of(node->tenant("acme"), "1") == "kept");
  }
}

}  // namespace
}  // namespace syncline
