// A disk that fails, and a power cut, at every step of what is done with tenants.
#include <doctest/doctest.h>

#include "node/catalogue.hpp"
#include "support/faulty_files.hpp"
#include "unit/node/node_fixture.hpp"

namespace syncline {
namespace {

using namespace test;

// What the script was told of.
struct Told {
  bool acme = false;
  bool beta = false;
  bool beta_removed = false;
  bool beta_remove_tried = false;
  bool plan = false;
  bool plan_tried = false;
  bool row = false;
};

Told run_script(TenantManager& tenants) {
  Told told;
  told.acme = tenants.create("acme", "pro").has_value();
  if (told.acme) told.row = put(*tenants.get("acme").value(), "1", "kept").has_value();
  told.beta = tenants.create("beta", "pro").has_value();
  if (told.acme) {
    told.plan_tried = true;
    told.plan = tenants.set_plan("acme", "starter").has_value();
  }
  if (told.beta) {
    told.beta_remove_tried = true;
    told.beta_removed = tenants.remove("beta").has_value();
  }
  return told;
}

void check(const OpenNode& node, const Told& told) {
  const auto acme = node.tenants->get("acme");
  if (told.acme) REQUIRE(acme);
  if (told.row) CHECK(data_of(**acme, "1") == "kept");
  if (told.plan) CHECK((*acme)->plan().name == "starter");
  if (told.acme && !told.plan_tried) CHECK((*acme)->plan().name == "pro");
  const bool beta = node.tenants->get("beta").has_value();
  if (told.beta_removed) CHECK_FALSE(beta);
  if (told.beta && !told.beta_remove_tried) CHECK(beta);
  // What failed stays so when something else is saved behind it.
  if (!told.beta && told.plan) CHECK_FALSE(beta);
  // No directory is left of what is not there.
  CHECK(node.node->load().value().size() == node.tenants->list().size());
}

TEST_CASE_FIXTURE(NodeFixture, "a disk that fails at step n leaves a directory that opens") {
  std::uint64_t steps = 0;
  for (std::uint64_t step = 1; step <= steps || steps == 0; ++step) {
    for (const Fault fault : {Fault::refused, Fault::torn}) {
      for (const bool power_cut : {false, true}) {
        CAPTURE(step);
        CAPTURE(power_cut);
        MemoryFiles fresh;
        FaultyFiles faulty(fresh);
        Told told;
        {
          const auto node = try_open(options(faulty));
          REQUIRE(node);
          const std::uint64_t before = faulty.steps();
          if (steps == 0) {  // counts them
            told = run_script(*node->tenants);
            steps = faulty.steps() - before;
            CHECK(told.beta_removed);
          } else {
            faulty.fail_at(before + step, fault);
            told = run_script(*node->tenants);
            faulty.stop_failing();
          }
          if (power_cut) fresh.crash_to_synced();
        }
        auto node = try_open(options(fresh));
        REQUIRE(node);
        check(*node, told);
      }
    }
  }
  CHECK(steps > 20);
}

TEST_CASE_FIXTURE(NodeFixture, "a catalogue that cannot be written is the one before") {
  NodeCatalogue before;
  before.next_number = 5;
  NodeCatalogue after;
  after.next_number = 6;
  for (std::uint64_t step = 1; step < 30; ++step) {
    CAPTURE(step);
    MemoryFiles fresh;
    FaultyFiles faulty(fresh);
    REQUIRE(fresh.create_directories("/data"));
    REQUIRE(node::write_catalogue(faulty, "/data", before, nullptr));
    faulty.fail_at(faulty.steps() + step);
    const std::uint64_t begun = faulty.steps();
    const bool written = node::write_catalogue(faulty, "/data", after, &before).has_value();
    const std::uint64_t expected = written ? 6 : 5;
    for (const char* name : {"/data/NODE", "/data/NODE.copy"}) {
      CAPTURE(name);
      const auto present = node::read_catalogue_file(fresh, name);
      REQUIRE(present);
      CHECK(present->next_number == expected);
    }
    if (faulty.steps() < begun + step) return;  // there are no more steps
  }
  FAIL("writing a catalogue has more steps than were tried");
}

TEST_CASE_FIXTURE(NodeFixture, "a power cut at step n leaves a directory that opens") {
  for (std::uint64_t step = 1; step < 200; ++step) {
    CAPTURE(step);
    MemoryFiles fresh;
    FaultyFiles faulty(fresh);
    Told told;
    bool reached = false;
    SeededRandom lots(step);
    {
      const auto opened = try_open(options(faulty));
      REQUIRE(opened);
      faulty.fail_from(faulty.steps() + step);
      told = run_script(*opened->tenants);
      reached = told.beta_removed;
      fresh.crash(lots);
    }
    auto node = try_open(options(fresh));
    REQUIRE(node);
    check(*node, told);
    if (reached) return;
  }
  FAIL("the script has more steps than were tried");
}

TEST_CASE_FIXTURE(NodeFixture, "a power cut while a directory is begun leaves one to begin again") {
  for (std::uint64_t step = 1; step < 60; ++step) {
    CAPTURE(step);
    MemoryFiles fresh;
    FaultyFiles faulty(fresh);
    faulty.fail_from(step);
    const EdgeHome home{"http://127.0.0.1:8437", "shop", "tablet"};
    const bool made = Node::init_edge(options(faulty), home, noon_us).has_value();
    SeededRandom lots(step);
    fresh.crash(lots);
    const auto present = read_catalogue(fresh, "/data");
    if (!made && !(present && present->edge)) {
      REQUIRE(Node::init_edge(options(fresh), home, noon_us));
    }
    const auto edge = try_open(options(fresh));
    REQUIRE(edge);
    CHECK(edge->node->edge() == home);
    if (made) return;
  }
  FAIL("making an edge has more steps than were tried");
}

}  // namespace
}  // namespace syncline
