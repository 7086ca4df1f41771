#include "app/demo/collisions.hpp"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

namespace {

using namespace syncline;
using namespace syncline::app;

Operation operation_of(const Edit& edit) {
  switch (edit.kind) {
    case WriteKind::insert:
      return Operation::insert;
    case WriteKind::erase:
      return Operation::erase;
    default:
      return Operation::update;
  }
}

TEST_CASE("the plan has every kind, with either side first, and convergent pairs") {
  std::set<ConflictKind> kinds;
  std::set<std::string> rows;
  int convergent = 0;
  int a_first = 0;
  for (const Collision& collision : planned_collisions()) {
    CHECK(rows.insert(collision.table + '/' + collision.row_id).second);
    a_first += collision.a_first ? 1 : 0;
    if (collision.convergent) {
      ++convergent;
    } else {
      kinds.insert(collision.kind);
    }
  }
  CHECK(kinds.size() == 8);
  CHECK(convergent >= 2);
  CHECK(a_first > 2);
  CHECK(a_first < static_cast<int>(rows.size()) - 2);
}

TEST_CASE("the kind is that of the last edits") {
  for (const Collision& collision : planned_collisions()) {
    CAPTURE(collision.row_id);
    REQUIRE(!collision.a.empty());
    REQUIRE(!collision.b.empty());
    CHECK(ConflictDetector::classify(operation_of(collision.a.back()),
                                     operation_of(collision.b.back())) == collision.kind);
  }
}

}  // namespace
