// The table of operations: each of insert, update and delete against each, for changes of which one
// is before, after, the same as, or concurrent with the other; and with the roles exchanged.
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "laws/verify.hpp"
#include "laws/world.hpp"
#include "syncline/conflict.hpp"
#include "syncline/record.hpp"
#include "syncline/replica.hpp"

namespace syncline::laws {
namespace {

constexpr std::array operations = {Operation::insert, Operation::update, Operation::erase};
constexpr std::uint64_t noon_us = 1'700'000'000'000'000;

std::string bytes_of(Operation operation, std::string_view bytes) {
  return operation == Operation::erase ? std::string() : std::string(bytes);
}

// --- the detector --------------------------------------------------------------------------------

/// A change and the record that its view points into.
struct Encoded {
  std::string record;
  ChangeView view;
};

std::unique_ptr<Encoded> encode(Dot dot, Operation operation, const VectorClock& context,
                                std::string_view bytes) {
  Change change;
  change.dot = dot;
  change.hlc = HybridTime::from_us(noon_us);
  change.operation = operation;
  change.table = "t";
  change.row_id = "a";
  change.context = context;
  change.data = bytes_of(operation, bytes);
  if (operation != Operation::erase) change.format = PayloadFormat::json;
  auto encoded = std::make_unique<Encoded>();
  encoded->record = encode_record(change);
  const auto view = decode_record(
      {reinterpret_cast<const std::uint8_t*>(encoded->record.data()), encoded->record.size()});
  REQUIRE(view.has_value());
  encoded->view = *view;
  return encoded;
}

void check_detection(const Encoded& left, const Encoded& right, CausalOrder order,
                     bool same_bytes) {
  const Detection one = ConflictDetector::detect(left.view, right.view);
  const Detection other = ConflictDetector::detect(right.view, left.view);
  CHECK(one.order == order);
  CHECK(other.order == mirrored(order));
  CHECK(ConflictDetector::compare(left.view, right.view) == order);
  const bool concurrent = order == CausalOrder::concurrent;
  CHECK(one.kind.has_value() == concurrent);
  CHECK(other.kind.has_value() == concurrent);
  if (!concurrent) {
    CHECK_FALSE(one.convergent);
    CHECK_FALSE(other.convergent);
    return;
  }
  const Operation a = left.view.operation;
  const Operation b = right.view.operation;
  CHECK(*one.kind == kind_in_table(a, b));
  CHECK(*other.kind == kind_in_table(b, a));
  CHECK(*other.kind == mirrored(*one.kind));
  const bool deletes = a == Operation::erase && b == Operation::erase;
  const bool one_deletes = a == Operation::erase || b == Operation::erase;
  CHECK(one.convergent == (deletes || (!one_deletes && same_bytes)));
  CHECK(other.convergent == one.convergent);
}

// --- two replicas --------------------------------------------------------------------------------

constexpr std::size_t left = 0;
constexpr std::size_t right = 1;
constexpr std::size_t seeder = 2;

/// Which of the two is dated later, by its clock or, if they are alike, by its identity.
struct Dating {
  std::vector<std::size_t> nodes;
  std::vector<std::uint64_t> clocks;
};

const std::vector<Dating> datings = {
    {{0, 1, 2}, {0, 0, 0}}, {{1, 0, 2}, {0, 0, 0}}, {{0, 1, 2}, {1, 9, 0}}, {{0, 1, 2}, {9, 1, 0}}};

/// Has `site` write so that the operation is the one wanted, which takes a row to be there or not.
void write_as(World& world, std::size_t site, Operation operation, Act put) {
  const bool is_there = world.replica(site).get("t", "a").exists();
  if (operation == Operation::insert && is_there) world.write(site, 0, Act::erase);
  if (operation != Operation::insert && !is_there) world.write(site, 0, Act::put_new);
  world.write(site, 0, operation == Operation::erase ? Act::erase : put);
  if (world.failed()) return;
  REQUIRE(world.graph().at(world.graph().size() - 1).change.operation == operation);
}

ConflictReport only_conflict(const Replica& replica, std::size_t count) {
  const std::vector<ConflictReport> reports = replica.conflicts().conflicts;
  REQUIRE(reports.size() == count);
  return reports.back();
}

void exchange(World& world) {
  for (const auto& [to, from] : {std::pair{left, right}, std::pair{right, left}}) {
    world.pull(to, from, max_changes, Batching::one_by_one);
    world.check(to);
  }
  REQUIRE_MESSAGE(!world.failed(), world.failure());
}

void check_same_row(World& world) {
  const Row one = world.replica(left).get("t", "a");
  const Row other = world.replica(right).get("t", "a");
  REQUIRE(one.winner.has_value());
  REQUIRE(other.winner.has_value());
  CHECK(one.winner->dot == other.winner->dot);
  CHECK(one.winner->to_change() == other.winner->to_change());
  CHECK(world.replica(left).visible_checksum() == world.replica(right).visible_checksum());
}

/// Both write without knowing of one another. Who updates or deletes has the row before; who
/// inserts has never heard of it.
void collide(const char* policy, const Dating& dating, Operation a, Operation b, Act put) {
  World world({policy, dating.nodes, dating.clocks, 1});
  world.write(seeder, 0, Act::put_new);
  for (const auto& [site, operation] : {std::pair{left, a}, std::pair{right, b}}) {
    if (operation != Operation::insert) world.take(site, world.held(seeder), Batching::at_once);
    write_as(world, site, operation, put);
  }
  exchange(world);
  check_same_row(world);

  const ConflictReport here = only_conflict(world.replica(left), 1);
  const ConflictReport there = only_conflict(world.replica(right), 1);
  CHECK(here.kind == kind_in_table(a, b));
  CHECK(there.kind == kind_in_table(b, a));
  CHECK(there.kind == mirrored(here.kind));
  CHECK(here.id == there.id);
  CHECK(here.status == there.status);
  CHECK(here.winner_dot == there.winner_dot);
  CHECK(here.local == there.remote);
  CHECK(here.remote == there.local);
  const bool deletes = a == Operation::erase && b == Operation::erase;
  const bool one_deletes = a == Operation::erase || b == Operation::erase;
  if (deletes || (!one_deletes && put == Act::put_same)) {
    CHECK(here.status == ConflictStatus::convergent);
  } else {
    CHECK(here.status ==
          (std::string_view(policy) == "lww" ? ConflictStatus::resolved : ConflictStatus::open));
  }
}

/// `right` writes when it has all of `left`: whatever the clocks say, the later one wins, and there
/// is no conflict. Then everything once more, which is nobody's conflict either.
void follow(const char* policy, const Dating& dating, Operation a, Operation b) {
  World world({policy, dating.nodes, dating.clocks, 1});
  write_as(world, left, a, Act::put_new);
  world.take(right, world.held(left), Batching::at_once);
  write_as(world, right, b, Act::put_new);
  const std::size_t last = world.graph().size() - 1;
  exchange(world);
  check_same_row(world);
  for (const std::size_t site : {left, right}) {
    CHECK(world.replica(site).get("t", "a").winner->dot == world.graph().at(last).change.dot);
    world.redeliver(site);
    CHECK(world.replica(site).conflicts().conflicts.empty());
  }
  REQUIRE_MESSAGE(!world.failed(), world.failure());
}

}  // namespace

TEST_CASE("operations: the detector's table") {
  const Dot first{node_id(0), 1};
  const Dot second{node_id(1), 1};
  for (const Operation a : operations) {
    CHECK(mirrored(mirrored(kind_in_table(a, a))) == kind_in_table(a, a));
    for (const Operation b : operations) {
      CHECK(ConflictDetector::classify(a, b) == kind_in_table(a, b));
      CHECK(mirrored(kind_in_table(a, b)) == kind_in_table(b, a));
      for (const bool same_bytes : {true, false}) {
        const std::string_view mine = "1";
        const std::string_view theirs = same_bytes ? "1" : "2";
        const auto alone = encode(first, a, {}, mine);
        const auto unaware = encode(second, b, {}, theirs);
        const auto aware = encode(second, b, {{first.origin, first.seq}}, theirs);
        const auto again = encode(first, b, {}, theirs);
        check_detection(*alone, *unaware, CausalOrder::concurrent, same_bytes);
        check_detection(*alone, *aware, CausalOrder::before, same_bytes);
        check_detection(*aware, *alone, CausalOrder::after, same_bytes);
        check_detection(*alone, *again, CausalOrder::equal, same_bytes);
      }
    }
  }
}

TEST_CASE("operations: concurrent ones at two replicas") {
  for (const char* policy : {"lww", "causal"}) {
    for (const Dating& dating : datings) {
      for (const Operation a : operations) {
        for (const Operation b : operations) {
          collide(policy, dating, a, b, Act::put_new);
          collide(policy, dating, a, b, Act::put_same);
        }
      }
    }
  }
}

TEST_CASE("operations: one before the other, and the same twice, at two replicas") {
  for (const char* policy : {"lww", "causal"}) {
    for (const Dating& dating : datings) {
      for (const Operation a : operations) {
        for (const Operation b : operations) follow(policy, dating, a, b);
      }
    }
  }
}

}  // namespace syncline::laws
