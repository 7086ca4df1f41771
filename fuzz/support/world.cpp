#include "support/world.hpp"

#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/record.hpp"

namespace syncline::fuzz {

const NodeId phone = NodeId::parse("6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0").value();

namespace {

// What the phone wrote.
std::string foreign_record() {
  Change change;
  change.dot = {phone, 1};
  change.hlc = HybridTime::from_us(world_begins_us + 1'000'000, 5);
  change.operation = Operation::insert;
  change.table = "people";
  change.row_id = "2";
  change.format = PayloadFormat::bytes;
  change.data = std::string("\x00\x7F\xFF", 3);
  change.metadata = {{"actor", "carla"}};
  return encode_record(change);
}

}  // namespace

World::World() : tenants({.clock = &clock, .random = &random}) {
  TenantSettings settings;
  settings.policies.tables["people"] = "causal";
  tenant = tenants.create("shop", "unlimited", settings).value();
  put("1", R"({"name":  "Ann", "n": 1.50})");
  put("2", "\"caf\xC3\xA9\"");
  put("1", R"({"name":"Bea"})");
  const std::string record = foreign_record();
  const std::string_view records[] = {record};
  FUZZ_CHECK(replica().integrate(records).rejected.empty());
  put("3", "[]");
  FUZZ_CHECK(replica().erase("people", "3").has_value());
}

void World::put(std::string_view row_id, std::string_view json) {
  clock.advance_us(1'000'000);
  FUZZ_CHECK(replica().put("people", row_id, Payload::json(json)).has_value());
}

void World::check() const { check_replica(tenant->replica()); }

std::unique_ptr<Replica> make_edge(Clock& clock, Random& random) {
  Replica::Options options;
  options.clock = &clock;
  options.random = &random;
  std::unique_ptr<Replica> edge = Replica::open(options).value();
  for (const std::string_view row : {"7", "8"}) {
    FUZZ_CHECK(edge->put("people", row, Payload::json("{\"n\":1}")).has_value());
  }
  return edge;
}

void check_replica(const Replica& replica) {
  const LogReader reader = replica.log();
  const VectorClock summary = replica.summary();
  for (Lsn lsn = reader.first_lsn(); lsn <= reader.last_lsn(); ++lsn) {
    const ChangeView change = reader.at(lsn).change;
    FUZZ_CHECK(change_from_record(change.record).has_value());
    FUZZ_CHECK(summary.covers(change.dot));
    // Every log is causally closed.
    FUZZ_CHECK(summary.covers(change.context.to_clock()));
  }
  replica.visible_checksum();
}

}  // namespace syncline::fuzz
