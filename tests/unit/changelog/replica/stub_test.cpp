// Changes without their data among whole ones: duplicates, heads, snapshots.

#include "syncline/change_json.hpp"
#include "syncline/record.hpp"
#include "unit/changelog/replica/replica_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

namespace {

constexpr std::string_view text = R"({"a": "long"})";

/// Records of a node's log, that of `lsn` as a stub.
struct WithStub {
  WithStub(const Node& from, Lsn lsn)
      : records(*from), stub(make_stub(from->log().at(lsn).change)) {
    records.views[lsn - 1] = stub;
  }
  Records records;
  std::string stub;
};

void put(const Node& node, std::string_view row, std::string_view json) {
  REQUIRE(node->put("t", row, Payload::json(json)));
}

}  // namespace

TEST_CASE("a stub and the change that it stands for are one, whichever comes first") {
  const Node writer(1);
  put(writer, "a", text);
  const Records whole(*writer);
  const WithStub stub(writer, 1);
  const Node other(2);
  SUBCASE("the stub stays, its data are fetched by no one") {
    CHECK(other->integrate(stub.records.views).applied == 1);
    const IntegrateResult again = other->integrate(whole.views);
    CHECK(again.duplicates == 1);
    CHECK(again.rejected.empty());
    CHECK(is_stub(*other->get("t", "a").winner));
  }
  SUBCASE("the data stay") {
    CHECK(other->integrate(whole.views).applied == 1);
    const IntegrateResult again = other->integrate(stub.records.views);
    CHECK(again.duplicates == 1);
    CHECK(again.rejected.empty());
    CHECK(text_of(other->get("t", "a")) == text);
  }
  CHECK(other->origin(writer->node()).chain == writer->origin(writer->node()).chain);
  CHECK(other->visible_checksum() == writer->visible_checksum());

  // The stub of something else is not it.
  const Node impostor(1);
  put(impostor, "a", R"({"a": "other"})");
  const WithStub false_stub(impostor, 1);
  const IntegrateResult refused = other->integrate(false_stub.records.views);
  REQUIRE(refused.rejected.size() == 1);
  CHECK(refused.rejected[0].error.code == ErrorCode::dot_mismatch);
}

TEST_CASE("a stub converges with a change that says the same") {
  for (const bool same : {true, false}) {
    CAPTURE(same);
    const Node one(1);
    const Node two(2);
    put(one, "a", text);
    put(two, "a", same ? text : R"({"a": "else"})");
    const WithStub stub(one, 1);
    const IntegrateResult result = two->integrate(stub.records.views);
    CHECK(result.convergent == (same ? 1 : 0));
    CHECK(result.conflicting == (same ? 0 : 1));
    const Node third(3);
    third->integrate(stub.records.views);
    CHECK(deliver(two, third).convergent == (same ? 1 : 0));
    CHECK(third->conflicts().conflicts.at(0).status ==
          (same ? ConflictStatus::convergent : ConflictStatus::resolved));
  }
}

TEST_CASE(
    "where a giver has a stub of what is held whole, it stays whole, and the other way round") {
  const Node writer(1);
  put(writer, "a", text);
  put(writer, "b", text);
  const Node whole(2);
  deliver(writer, whole);
  const Node stubbed(3);
  const WithStub stub(writer, 1);
  stubbed->integrate(stub.records.views);
  const Snapshot of_whole = whole->snapshot();
  const Snapshot of_stubbed = stubbed->snapshot();
  REQUIRE(whole->merge(of_stubbed));
  CHECK(text_of(whole->get("t", "a")) == text);
  REQUIRE(stubbed->merge(of_whole));
  CHECK(text_of(stubbed->get("t", "a")) == text);
  REQUIRE(whole->rebase(of_stubbed));
  CHECK(whole->rebase(of_stubbed)->rewritten == 0);
  CHECK(text_of(whole->get("t", "a")) == text);
}

TEST_CASE("a stub cannot be picked to settle a conflict, its data are elsewhere") {
  const Node one(1, "causal");
  const Node two(2, "causal");
  put(one, "a", text);
  put(two, "a", "2");
  const WithStub stub(one, 1);
  two->integrate(stub.records.views);
  const ConflictReport report = two->conflicts().conflicts.at(0);
  CHECK(report.status == ConflictStatus::open);
  Settlement settlement;
  settlement.how = Settlement::How::pick_remote;
  const auto refused = two->resolve(report.id, settlement);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == ErrorCode::bad_request);
  CHECK(refused.error().detail.find("stub") != std::string::npos);
  settlement.how = Settlement::How::pick_dot;
  settlement.dot = {one->node(), 1};
  CHECK(two->resolve(report.id, settlement).has_error());
  settlement.how = Settlement::How::pick_local;
  CHECK(two->resolve(report.id, settlement));
  CHECK(text_of(two->get("t", "a")) == "2");
}

TEST_CASE("a stub is validated as one: any format with eight bytes, one entry of metadata more") {
  const Node writer(1);
  Metadata full;
  for (std::size_t i = 0; i < limits::max_metadata_entries; ++i) full[std::to_string(i)] = "x";
  WriteOptions options;
  options.metadata = &full;
  REQUIRE(writer->put("t", "a", Payload::json(text), options));
  REQUIRE(writer->put("t", "b", Payload::raw("bytes")));
  REQUIRE(writer->erase("t", "b"));
  for (Lsn lsn = 1; lsn <= 3; ++lsn) {
    CAPTURE(lsn);
    const ChangeView change = writer->log().at(lsn).change;
    const std::string stub = make_stub(change);
    const auto decoded =
        change_from_record({reinterpret_cast<const std::uint8_t*>(stub.data()), stub.size()});
    REQUIRE(decoded);
    CHECK(is_stub(*decoded));
    CHECK(decoded->format == change.format);
    CHECK(decoded->data.size() == 8);
    const ChangeView view = view_trusted_record(reinterpret_cast<const std::uint8_t*>(stub.data()));
    CHECK(chain_hash(5, view) == chain_hash(5, change));
    CHECK(data_hash(view) == data_hash(change));
    CHECK(make_stub(view) == stub);
    // Its JSON form comes back as the same bytes, and says to readers what it is.
    CHECK(encode_record(change_from_json(change_to_json(view)).value()) == stub);
    ChangeExtras extras;
    extras.lsn = lsn;
    CHECK(change_to_json(view, extras).find(R"("stub":true)") != std::string::npos);
    CHECK(change_to_json(change, extras).find(R"("stub":true)") == std::string::npos);
  }
}
