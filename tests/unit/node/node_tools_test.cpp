#include "syncline/node_tools.hpp"

#include <doctest/doctest.h>

#include "unit/node/node_fixture.hpp"

namespace syncline {
namespace {

using namespace test;

struct ToolsFixture : NodeFixture {
  // Two tenants; acme has two rows of which one was written twice.
  OpenNode filled() {
    OpenNode node = open();
    REQUIRE(node.tenants->create("acme", "pro"));
    REQUIRE(node.tenants->create("beta", "starter"));
    REQUIRE(put(node.tenant("acme"), "1", std::string(200, 'a')));
    REQUIRE(put(node.tenant("acme"), "2", std::string(200, 'b')));
    REQUIRE(put(node.tenant("acme"), "1", std::string(200, 'c')));
    REQUIRE(put(node.tenant("beta"), "1", "of beta"));
    return node;
  }
  // Damages the first change of acme's journal, of which there are more behind it.
  void damage_acme() {
    std::string file;
    std::uint64_t offset = 0;
    REQUIRE(survey_journal(
        disk, "/data/tenants/acme.1",
        [&](const JournalEntry& entry, const std::string& name, std::uint64_t at) -> Result<void> {
          if (entry.kind == JournalEntryKind::change && entry.lsn == 2) {
            file = name;
            offset = at;
          }
          return {};
        }));
    REQUIRE(!file.empty());
    overwrite(disk, "/data/tenants/acme.1/" + file, offset + 100);
  }
};

TEST_CASE_FIXTURE(ToolsFixture, "a whole directory is found whole, and counted") {
  VisibleChecksum visible;
  {
    const OpenNode node = filled();
    visible = node.tenant("acme").replica().visible_checksum();
  }
  const auto survey = verify_node(disk, "/data");
  REQUIRE(survey);
  CHECK(survey->whole());
  CHECK_FALSE(survey->used_by);
  REQUIRE(survey->tenants.size() == 2);
  const TenantSurvey& acme = survey->tenants.front();
  CHECK(acme.journal.changes == 3);
  REQUIRE(acme.contents);
  CHECK(acme.contents->changes == 3);
  CHECK(acme.contents->rows == visible.rows);
  CHECK(acme.contents->visible_hash == visible.hash);
}

TEST_CASE_FIXTURE(ToolsFixture, "a directory in use is read without making replicas") {
  const OpenNode node = filled();
  const auto survey = verify_node(disk, "/data");
  REQUIRE(survey);
  CHECK(survey->whole());
  CHECK(survey->used_by);
  CHECK(survey->tenants.front().journal.changes == 3);
  CHECK_FALSE(survey->tenants.front().contents);
}

TEST_CASE_FIXTURE(ToolsFixture, "damage is found in a directory in use, too") {
  const OpenNode node = filled();
  damage_acme();
  const auto survey = verify_node(disk, "/data");
  REQUIRE(survey);
  CHECK_FALSE(survey->whole());
}

TEST_CASE_FIXTURE(ToolsFixture, "verifying changes nothing") {
  {
    filled();
  }
  const auto before = disk.list("/data/tenants/acme.1").value();
  REQUIRE(verify_node(disk, "/data"));
  CHECK(disk.list("/data/tenants/acme.1").value() == before);
  CHECK_FALSE(open().node->openings().front().identity_changed);
}

TEST_CASE_FIXTURE(ToolsFixture, "damage is found with its place, and repaired") {
  NodeId before;
  {
    const OpenNode node = filled();
    before = node.tenant("acme").replica().node();
  }
  damage_acme();
  const auto survey = verify_node(disk, "/data");
  REQUIRE(survey);
  CHECK_FALSE(survey->whole());
  CHECK_FALSE(survey->tenants.front().whole());
  REQUIRE(!survey->tenants.front().journal.damages.empty());
  CHECK(!survey->tenants.front().journal.damages.front().file.empty());
  CHECK(survey->tenants.back().whole());

  const auto refused = try_open(options(disk));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::internal);
  CHECK(refused.error().detail.starts_with("tenant \"acme\""));

  const auto repair = repair_node(disk, "/data");
  REQUIRE(repair);
  CHECK_FALSE(repair->catalogue_from_copy);
  REQUIRE(repair->tenants.size() == 1);
  CHECK(repair->tenants.front().id == "acme");
  CHECK_FALSE(repair->tenants.front().error);
  CHECK(repair->tenants.front().journal.lost_bytes > 0);

  const OpenNode node = open();
  CHECK(data_of(node.tenant("acme"), "1") == std::string(200, 'a'));
  CHECK(data_of(node.tenant("acme"), "2").empty());
  CHECK(node.tenant("acme").replica().node() != before);
  CHECK(data_of(node.tenant("beta"), "1") == "of beta");
}

TEST_CASE_FIXTURE(ToolsFixture, "repairing what is whole does nothing") {
  {
    filled();
  }
  const auto repair = repair_node(disk, "/data");
  REQUIRE(repair);
  CHECK(repair->tenants.empty());
  CHECK_FALSE(repair->catalogue_from_copy);
  CHECK_FALSE(repair->catalogue_from_names);
  CHECK_FALSE(open().node->openings().front().identity_changed);
}

TEST_CASE_FIXTURE(ToolsFixture, "repairing waits for nobody") {
  const OpenNode node = filled();
  const auto refused = repair_node(disk, "/data");
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().detail.find("in use") != std::string::npos);
}

TEST_CASE_FIXTURE(ToolsFixture, "a damaged catalogue comes back from its copy") {
  {
    filled();
  }
  overwrite(disk, "/data/NODE");
  const auto verified = verify_node(disk, "/data");
  REQUIRE(verified.has_error());
  CHECK(verified.error().code == ErrorCode::internal);
  const auto repair = repair_node(disk, "/data");
  REQUIRE(repair);
  CHECK(repair->catalogue_from_copy);
  CHECK(repair->catalogue_set_aside == "/data/damaged-NODE");
  CHECK(disk.exists("/data/damaged-NODE"));
  const OpenNode node = open();
  CHECK(node.tenant("beta").plan().name == "starter");
  CHECK(data_of(node.tenant("acme"), "1") == std::string(200, 'c'));
}

TEST_CASE_FIXTURE(ToolsFixture, "a repair that was cut short can be done again") {
  {
    filled();
  }
  REQUIRE(disk.rename("/data/NODE", "/data/damaged-NODE"));
  const auto repair = repair_node(disk, "/data");
  REQUIRE(repair);
  CHECK(repair->catalogue_from_copy);
  CHECK(open().tenants->list().size() == 2);
}

TEST_CASE_FIXTURE(ToolsFixture, "a damaged copy is found and made anew") {
  {
    filled();
  }
  overwrite(disk, "/data/NODE.copy");
  auto survey = verify_node(disk, "/data");
  REQUIRE(survey);
  CHECK_FALSE(survey->whole());
  CHECK(survey->copy_error);
  REQUIRE(repair_node(disk, "/data"));
  survey = verify_node(disk, "/data");
  REQUIRE(survey);
  CHECK(survey->whole());
}

TEST_CASE_FIXTURE(ToolsFixture, "without catalogue and copy the directories' names are left") {
  {
    const OpenNode node = filled();
    REQUIRE(node.tenants->remove("beta"));
    REQUIRE(node.tenants->create("beta", "free"));
  }
  REQUIRE(disk.create_directories("/data/tenants/beta.2"));  // as a crash may leave it
  REQUIRE(disk.remove("/data/NODE"));
  overwrite(disk, "/data/NODE.copy");
  const auto repair = repair_node(disk, "/data");
  REQUIRE(repair);
  CHECK(repair->catalogue_from_names);
  CHECK(repair->catalogue_set_aside.empty());
  const OpenNode node = open();
  CHECK(data_of(node.tenant("acme"), "1") == std::string(200, 'c'));
  CHECK(node.tenant("acme").plan().name == "unlimited");
  CHECK(node.tenant("beta").replica().statistics().changes == 0);
  // Numbers go on behind those that were given.
  REQUIRE(node.tenants->create("gamma", "pro"));
  CHECK(disk.exists("/data/tenants/gamma.4"));
}

TEST_CASE_FIXTURE(ToolsFixture, "a backup of a node in use has everything, and is a copy") {
  const OpenNode node = filled();
  const NodeId before = node.tenant("acme").replica().node();
  const auto backup = backup_node(disk, "/data", "/backup/today");
  REQUIRE(backup);
  CHECK(backup->tenants == 2);
  CHECK(backup->bytes > 600);
  REQUIRE(put(node.tenant("acme"), "9", "after it"));

  const auto survey = verify_node(disk, "/backup/today");
  REQUIRE(survey);
  CHECK(survey->whole());
  CHECK(survey->tenants.front().journal.is_copy);
  const OpenNode restored = open("/backup/today");
  CHECK(data_of(restored.tenant("acme"), "1") == std::string(200, 'c'));
  CHECK(data_of(restored.tenant("acme"), "9").empty());
  CHECK(data_of(restored.tenant("beta"), "1") == "of beta");
  CHECK(restored.tenant("beta").plan().name == "starter");
  CHECK(restored.tenant("acme").replica().node() != before);
  // The node itself is as it was.
  CHECK(put(node.tenant("acme"), "10", "goes on"));
}

TEST_CASE_FIXTURE(ToolsFixture, "a backup takes no place of anything, and leaves no half") {
  {
    filled();
  }
  REQUIRE(disk.create_directories("/there"));
  CHECK(backup_node(disk, "/data", "/there").error().code == ErrorCode::bad_request);
  CHECK(disk.list("/there").value().empty());
  CHECK(backup_node(disk, "/nothing", "/new").error().code == ErrorCode::not_found);
  damage_acme();
  disk.set_capacity(600);
  const auto refused = backup_node(disk, "/data", "/new");
  CHECK(refused.has_error());
  CHECK_FALSE(disk.exists("/new"));
  CHECK_FALSE(disk.exists("/new.partial"));
  REQUIRE(disk.create_directories("/other.partial"));
  CHECK(backup_node(disk, "/data", "/other").error().detail.find("/other.partial") !=
        std::string::npos);
}

}  // namespace
}  // namespace syncline
