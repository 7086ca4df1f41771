// Data directories that earlier versions wrote, kept in tests/golden/nodes and opened for ever.
//
// To keep one of the present version (a new name for each format):
//   SYNCLINE_GOLDEN_NAME=0.2 unit_node --no-skip --test-case='make a golden data directory'
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "syncline/record.hpp"
#include "unit/node/node_fixture.hpp"

namespace syncline {
namespace {

using namespace test;
namespace fs = std::filesystem;

const fs::path folder =
    fs::path(__FILE__).parent_path().parent_path().parent_path() / "golden/nodes";

const NodeId phone = [] {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  bytes.fill(0xAB);
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}();

std::string hex_lines(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
    if (i % 40 == 39) text += '\n';
  }
  return text + '\n';
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string bytes_of_hex(const std::string& text) {
  std::string bytes;
  std::string digits;
  for (const char c : text) {
    if (c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

/// All that a version must find in a directory, as lines. Without the replicas' own ids: a
/// directory that was copied into memory has new ones.
std::string description(const OpenNode& node) {
  std::ostringstream out;
  for (const auto& tenant : node.tenants->list()) {
    const Replica& replica = tenant->replica();
    const TenantSettings settings = tenant->settings();
    out << "tenant " << tenant->id() << " plan " << tenant->plan().name << " created "
        << tenant->created_at_us() << " policy " << settings.policies.default_policy << " settings "
        << settings.version << " retention " << settings.retention.max_changes << '\n';
    const LogReader log = replica.log();
    out << "log " << log.first_lsn() << " to " << log.last_lsn() << " hash "
        << log.running_hash(log.last_lsn()) << " clock " << replica.last_hlc().to_string() << '\n';
    for (Lsn lsn = log.first_lsn(); lsn <= log.last_lsn(); ++lsn) {
      const LogEntry entry = log.at(lsn);
      out << lsn << ' ' << to_string(entry.change.dot) << ' ' << entry.change.table << '/'
          << entry.change.row_id << ' ' << to_string(entry.verdict) << " received "
          << entry.received_at_us << " before " << entry.before_lsn << ' '
          << entry.change.data.substr(0, 20) << '\n';
    }
    const VectorClock summary = replica.summary();
    for (const VectorClock::Entry& entry : summary.entries()) {
      const OriginState origin = replica.origin(entry.node);
      out << "origin " << entry.node.to_string() << ' ' << origin.seq << ' ' << origin.chain
          << '\n';
    }
    const ConflictPage conflicts = replica.conflicts();
    for (const ConflictReport& report : conflicts.conflicts) {
      out << "conflict " << to_string(report.id) << ' ' << to_string(report.status) << " detected "
          << report.detected_at_us << " winner "
          << (report.winner_dot ? to_string(*report.winner_dot) : "none") << '\n';
    }
    const VisibleChecksum checksum = replica.visible_checksum();
    out << "rows " << checksum.rows << " checksum " << checksum.hash << '\n';
    for (const auto& [name, value] : replica.properties("golden/")) {
      out << "property " << name << ' ' << value << '\n';
    }
  }
  return out.str();
}

/// A node with a tenant whose log was trimmed and has a conflict, and one that is open-ended.
void fill(NodeFixture& fixture, const OpenNode& node) {
  TenantSettings settings;
  settings.policies.default_policy = "causal";
  settings.retention.max_changes = 1'000'000;
  REQUIRE(node.tenants->create("shop", "pro", settings));
  REQUIRE(node.tenants->create("museum", "starter"));
  Replica& shop = node.tenant("shop").replica();
  REQUIRE(shop.put("orders", "parted", Payload::json("\"base\"")));
  Change other;
  other.dot = {phone, 1};
  other.hlc = HybridTime::from_us(noon_us + 5);
  other.operation = Operation::insert;
  other.table = "orders";
  other.row_id = "parted";
  other.format = PayloadFormat::json;
  other.data = "\"from the phone\"";
  const std::string record = encode_record(other);
  const std::string_view records[] = {record};
  REQUIRE(shop.integrate(records).rejected.empty());
  const std::string large(3000, 'x');
  for (int i = 0; i < 60; ++i) {
    fixture.clock.advance_us(1000);
    REQUIRE(shop.put("orders", std::to_string(i % 5), Payload::raw(std::to_string(i) + large)));
  }
  REQUIRE(shop.set_property("golden/name", "value"));
  const auto trimmed = shop.trim(60);
  REQUIRE(trimmed);
  REQUIRE(trimmed->first_lsn > 20);
  REQUIRE(shop.put("orders", "last", Payload::json("1")));
  const std::vector<Write> both{{WriteKind::put, "t", "1", Payload::json("1"), {}},
                                {WriteKind::put, "t", "2", Payload::json("2"), {}}};
  REQUIRE(node.tenant("museum").replica().transaction(both));
}

TEST_CASE_FIXTURE(NodeFixture, "make a golden data directory" * doctest::skip()) {
  const char* name = std::getenv("SYNCLINE_GOLDEN_NAME");
  REQUIRE_MESSAGE(name != nullptr, "SYNCLINE_GOLDEN_NAME has to name the version");
  Node::Options small = options(disk);
  small.segment_bytes = std::uint64_t{64} << 10;
  {
    auto node = try_open(small);
    REQUIRE(node);
    fill(*this, *node);
  }
  const auto store = [&](auto&& self, const std::string& from, const fs::path& to) -> void {
    fs::create_directories(to);
    const auto entries = disk.list(from);
    REQUIRE(entries);
    for (const DirectoryEntry& entry : *entries) {
      const std::string path = join_path(from, entry.name);
      if (entry.is_directory) {
        self(self, path, to / entry.name);
      } else if (entry.name != "LOCK") {
        std::ofstream(to / (entry.name + ".hex"))
            << hex_lines(read_file(disk, path, 10'000'000).value());
      }
    }
  };
  store(store, "/data", folder / name / "data");
  auto node = try_open(small);
  REQUIRE(node);
  std::ofstream(folder / name / "expected.txt") << description(*node);
}

TEST_CASE("data directories of earlier versions are read") {
  std::size_t versions = 0;
  for (const auto& version : fs::directory_iterator(folder)) {
    if (!version.is_directory()) continue;
    CAPTURE(version.path().string());
    NodeFixture fixture;
    const fs::path root = version.path() / "data";
    for (const auto& file : fs::recursive_directory_iterator(root)) {
      if (!file.is_regular_file()) continue;
      const fs::path place = fs::path("/data") / fs::relative(file.path(), root);
      REQUIRE(fixture.disk.create_directories(place.parent_path().string()));
      const std::string path = (place.parent_path() / place.stem()).string();
      REQUIRE(replace_file(fixture.disk, path, bytes_of_hex(content(file.path()))));
    }
    const OpenNode node = fixture.open();
    CHECK(node.node->openings().front().identity_changed);
    CHECK(description(node) == content(version.path() / "expected.txt"));
    // And they can be written to.
    REQUIRE(node.tenants->list().front()->replica().put("t", "new", Payload::json("1")));
    ++versions;
  }
  CHECK(versions >= 1);
}

}  // namespace
}  // namespace syncline
