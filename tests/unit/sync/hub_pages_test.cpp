// Pages of the log and of snapshots, as the hub gives them.
#include <doctest/doctest.h>

#include "support/caller.hpp"
#include "sync/cursor.hpp"
#include "sync/hub.hpp"

namespace syncline::test {

TEST_CASE("a pull goes through the log in pages and covers what it went through") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(world.server().put("t", std::to_string(i), Payload::json("1")));
  }
  PullRequest request = caller.pull_request();
  request.limit = 4;
  std::size_t seen = 0;
  for (std::size_t page = 0; page < 3; ++page) {
    const PullResponse answer = caller.pull(request);
    seen += answer.changes.records.size();
    CHECK(answer.covers.get(world.server().node()) == seen);
    CHECK(answer.has_more == (page < 2));
    CHECK(answer.lsn == 10);
    CHECK(answer.examined == seen);
    request.cursor = answer.cursor;
  }
  CHECK(seen == 10);
  const PullResponse nothing = caller.pull(request);
  CHECK(nothing.changes.records.empty());
  CHECK(nothing.cursor == request.cursor);
}

TEST_CASE("one change always fits into a page") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  const std::string large = "\"" + std::string(100'000, 'x') + "\"";
  for (const char* row : {"1", "2"}) REQUIRE(world.server().put("t", row, Payload::json(large)));
  PullRequest request = caller.pull_request();
  request.max_bytes = 10;
  for (int page = 0; page < 2; ++page) {
    const PullResponse answer = caller.pull(request);
    CHECK(answer.changes.records.size() == 1);
    request.cursor = answer.cursor;
  }
}

TEST_CASE("a transaction is in one page, however small the page") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  REQUIRE(world.server().put("t", "before", Payload::json("1")));
  const std::vector<Write> writes(5, Write{WriteKind::put, "t", "r", Payload::json("1"), {}});
  REQUIRE(world.server().transaction(writes));
  PullRequest request = caller.pull_request();
  request.limit = 2;
  std::vector<std::size_t> sizes;
  for (bool more = true; more;) {
    const PullResponse answer = caller.pull(request);
    sizes.push_back(answer.changes.records.size());
    request.cursor = answer.cursor;
    more = answer.has_more;
  }
  for (std::size_t size : sizes) CHECK((size == 1 || size >= 5));
}

TEST_CASE("a pull passes over the caller's own, what it has, and other tables") {
  SyncWorld world;
  Caller caller(world);
  SUBCASE("its own changes") {
    caller.enter();
    caller.edge.put_many(2);
    caller.push();
    PullRequest request = caller.pull_request();
    CHECK(caller.pull(request).changes.records.empty());
    CHECK(caller.pull(request).covers.get(caller.id()) == 2);
    request.include_own = true;
    CHECK(caller.pull(request).changes.records.size() == 2);
  }
  SUBCASE("what it has") {
    caller.enter();
    for (const char* row : {"1", "2"}) REQUIRE(world.server().put("t", row, Payload::json("1")));
    PullRequest request = caller.pull_request();
    request.have.emplace().entries[world.server().node()] = {1, std::nullopt};
    CHECK(caller.pull(request).changes.records.size() == 1);
  }
  SUBCASE("other tables: the cursor moves though nothing matches") {
    caller.enter(std::vector<std::string>{"wanted"});
    for (const char* row : {"1", "2"}) REQUIRE(world.server().put("t", row, Payload::json("1")));
    const PullResponse nothing = caller.pull(caller.pull_request());
    CHECK(nothing.changes.records.empty());
    CHECK(decode_cursor(nothing.cursor)->lsn == 2);
    CHECK(nothing.covers.get(world.server().node()) == 2);
    REQUIRE(world.server().put("wanted", "1", Payload::json("1")));
    CHECK(caller.pull(caller.pull_request(nothing.cursor)).changes.records.size() == 1);

    // Who comes with other tables goes on from the place that it had with these, and only that.
    RegisterRequest other = caller.registration();
    other.tables = std::vector<std::string>{"t"};
    REQUIRE(world.hub.register_peer(world.tenant, other));
    const PullResponse more = caller.pull(caller.pull_request(nothing.cursor));
    CHECK(more.changes.records.empty());
    CHECK(decode_cursor(more.cursor)->lsn == 3);
    CHECK(caller.pull(caller.pull_request(more.cursor)).changes.records.empty());
    other.tables = std::nullopt;
    REQUIRE(world.hub.register_peer(world.tenant, other));
    CHECK(code_of(world.hub.pull(world.tenant, caller.pull_request(nothing.cursor))) ==
          ErrorCode::bad_request);
    CHECK(caller.pull(caller.pull_request(more.cursor)).changes.records.empty());
  }
}

TEST_CASE("a cursor that does not fit is refused") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  REQUIRE(world.server().put("t", "1", Payload::json("1")));
  Cursor cursor = cursor_at(world.server().log(), 1);
  CHECK(world.hub.pull(world.tenant, caller.pull_request(encode_cursor(cursor))));
  CHECK(code_of(world.hub.pull(world.tenant, caller.pull_request("nonsense"))) ==
        ErrorCode::bad_request);
  ++cursor.running_hash;
  CHECK(code_of(world.hub.pull(world.tenant, caller.pull_request(encode_cursor(cursor)))) ==
        ErrorCode::log_reset);
}

TEST_CASE("a snapshot comes in pages that go on where the last one ended") {
  SyncWorld world;
  Caller caller(world);
  caller.enter();
  for (int i = 0; i < 20; ++i) {
    const std::string row = std::to_string(i % 12);
    REQUIRE(world.server().put(i % 2 == 0 ? "a" : "b", row, Payload::json(std::to_string(i))));
  }
  SnapshotRequest request;
  request.limit = 3;
  std::size_t rows = 0;
  std::size_t history = 0;
  std::string cursor;
  for (unsigned pages = 0; pages == 0 || !request.page.empty(); ++pages) {
    REQUIRE(pages < 30);
    const auto page = world.hub.snapshot_page(world.tenant, request);
    REQUIRE(page);
    if (pages == 0) cursor = page->cursor;
    CHECK(page->cursor == cursor);
    CHECK(page->clock.clock().get(world.server().node()) == 20);
    rows += page->rows.records.size();
    history += page->history.records.size();
    request.page = page->next_page;
    // What comes in between is pulled later.
    REQUIRE(world.server().put("z", std::to_string(pages), Payload::json("1")));
  }
  CHECK(rows >= 12);
  CHECK(history == 8);
  CHECK(decode_cursor(cursor)->lsn == 20);

  request.page = "nonsense";
  CHECK(code_of(world.hub.snapshot_page(world.tenant, request)) == ErrorCode::bad_request);
  request = {};
  request.tables = {"a"};
  request.limit = 2;
  const auto first = world.hub.snapshot_page(world.tenant, request);
  REQUIRE(first);
  request.page = first->next_page;
  request.tables = {"b"};
  CHECK(code_of(world.hub.snapshot_page(world.tenant, request)) == ErrorCode::bad_request);
}

}  // namespace syncline::test
