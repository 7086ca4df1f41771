#include "syncline/node_id.hpp"

#include <set>

#include <doctest/doctest.h>

#include "syncline/dot.hpp"

namespace syncline {
namespace {

constexpr const char* canonical = "6f1d0a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b";

TEST_CASE("an id is read in any case and written in lower case") {
  CHECK(NodeId::parse(canonical)->to_string() == canonical);
  CHECK(NodeId::parse("6F1D0A2B-3C4D-4E5F-8A6B-7C8D9E0F1A2B")->to_string() == canonical);
  CHECK(NodeId::parse(canonical)->data()[0] == 0x6F);
  CHECK(NodeId::parse(canonical)->data()[15] == 0x2B);
  CHECK(NodeId(NodeId::parse(canonical)->uuid()) == *NodeId::parse(canonical));
}

TEST_CASE("only the canonical form is an id") {
  for (const char* text :
       {"", "x", "6f1d0a2b3c4d4e5f8a6b7c8d9e0f1a2b", "{6f1d0a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b}",
        "6f1d0a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2", "6f1d0a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2bb",
        "6f1d0a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2g", "6f1d0a2b-3c4d-4e5f-8a6b+7c8d9e0f1a2b",
        "6f1d0a2b03c4d-4e5f-8a6b-7c8d9e0f1a2b", " f1d0a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"}) {
    CAPTURE(text);
    const auto id = NodeId::parse(text);
    REQUIRE(!id);
    CHECK(id.error().code == ErrorCode::bad_request);
  }
}

TEST_CASE("generated ids differ, are repeatable from a seed and marked as random") {
  SeededRandom random(1);
  std::set<NodeId> ids;
  for (int i = 0; i < 1000; ++i) {
    const NodeId id = NodeId::generate(random);
    CHECK(ids.insert(id).second);
    CHECK(id.to_string()[14] == '4');
    CHECK(std::string("89ab").find(id.to_string()[19]) != std::string::npos);
    CHECK(NodeId::parse(id.to_string()).value() == id);
  }
  SeededRandom again(1);
  CHECK(ids.contains(NodeId::generate(again)));
  CHECK(NodeId::generate(system_random()) != NodeId::generate(system_random()));
}

TEST_CASE("ids are ordered by their bytes, as their texts are") {
  const NodeId low = *NodeId::parse("00000000-0000-0000-0000-0000000000ff");
  const NodeId high = *NodeId::parse("80000000-0000-0000-0000-000000000000");
  CHECK(low < high);
  CHECK(low.to_string() < high.to_string());
  CHECK(NodeId{}.is_nil());
  CHECK(NodeId{} < low);
  CHECK(to_string(Dot{low, 12}) == "00000000-0000-0000-0000-0000000000ff:12");
  CHECK(Dot{low, 12} < Dot{high, 1});
}

TEST_CASE("seeded randomness fills any length with the same bytes") {
  std::array<std::uint8_t, 19> first{};
  std::array<std::uint8_t, 19> second{};
  SeededRandom one(42);
  SeededRandom other(42);
  one.fill(first);
  other.fill(second);
  CHECK(first == second);
  CHECK(std::set<std::uint8_t>(first.begin(), first.end()).size() > 5);
}

TEST_CASE("the system's randomness fills more than it gives at once") {
  std::array<std::uint8_t, 1000> bytes{};
  system_random().fill(bytes);
  CHECK(std::set<std::uint8_t>(bytes.begin() + 900, bytes.end()).size() > 20);
}

}  // namespace
}  // namespace syncline
