#include "sync/live_session.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/live_frames.hpp"
#include "sync/cursor.hpp"

namespace syncline::test {
namespace {

PullRequest pull_from(std::string cursor = "") {
  PullRequest request;
  request.cursor = std::move(cursor);
  return request;
}

std::uint64_t bytes_of(const ChangeList& list) {
  std::uint64_t bytes = 0;
  for (const RecordBytes& record : list.records) bytes += record.size();
  return bytes;
}

}  // namespace

TEST_CASE("a live session begins with registering") {
  SyncWorld world;
  LiveCaller caller(world);
  caller.edge.put_many(2);
  caller.send(caller.batch(), 7);
  const LiveFrame refused = caller.take();
  CHECK(code_of(refused) == ErrorCode::peer_stale);
  CHECK(refused.id == 7);
  caller.send(pull_from());
  CHECK(code_of(caller.take()) == ErrorCode::peer_stale);
  caller.send(heartbeat_of(caller));
  CHECK(code_of(caller.take()) == ErrorCode::peer_stale);

  caller.send(caller.registration(), 8);
  const LiveFrame registered = caller.take();
  CHECK(registered.id == 8);
  CHECK(body_as<RegisterResponse>(registered).header.log_id == world.server().log_id());
  PushRequest nameless = caller.batch();
  nameless.node_id = {};
  caller.send(nameless, 9);
  const LiveFrame pushed = caller.take();
  CHECK(pushed.id == 9);
  CHECK(body_as<PushResponse>(pushed).applied == 2);
  CHECK(body_as<PushResponse>(pushed).header.known->seq == 2);

  PushRequest of_another = caller.batch();
  of_another.node_id = world.server().node();
  caller.send(of_another);
  CHECK(code_of(caller.take()) == ErrorCode::bad_request);
  CHECK_FALSE(caller.session.closing());
}

TEST_CASE("who is refused when it registers again is registered no more") {
  SyncWorld world;
  LiveCaller caller(world);
  caller.edge.put_many(1);
  caller.enter_live();
  caller.send(caller.batch());
  caller.take();
  caller.grant(10);
  caller.send(pull_from());
  caller.take();
  RegisterRequest older = caller.registration();
  older.clock.entries.clear();
  caller.send(older);
  CHECK(code_of(caller.take()) == ErrorCode::replica_rewound);
  write_on_server(world, 1);
  CHECK_FALSE(caller.next());
  caller.send(caller.batch());
  CHECK(code_of(caller.take()) == ErrorCode::peer_stale);
}

TEST_CASE("changes are sent as far as credit goes, in the order of the log") {
  SyncWorld world;
  LiveCaller caller(world);
  write_on_server(world, 5);
  caller.enter_live();
  caller.send(pull_from(), 3);
  CHECK_FALSE(caller.next());
  caller.grant(2);
  const LiveFrame first = caller.take();
  CHECK(first.id == 3);
  const auto& page = body_as<PullResponse>(first);
  CHECK(page.changes.lsns == std::vector<Lsn>{1, 2});
  CHECK(page.has_more);
  CHECK(page.covers.get(world.server().node()) == 2);
  CHECK_FALSE(caller.next());

  // What is left of a grant counts on.
  caller.grant(1);
  caller.grant(1);
  const LiveFrame second = caller.take();
  CHECK(body_as<PullResponse>(second).changes.lsns == std::vector<Lsn>{3, 4});
  CHECK_FALSE(caller.next());
  caller.grant(10);
  const LiveFrame third = caller.take();
  CHECK(body_as<PullResponse>(third).changes.lsns == std::vector<Lsn>{5});
  CHECK_FALSE(body_as<PullResponse>(third).has_more);
  CHECK_FALSE(caller.next());

  // From the cursor of any frame it goes on where that one ended.
  caller.send(pull_from(page.cursor), 4);
  const LiveFrame again = caller.take();
  CHECK(again.id == 4);
  CHECK(body_as<PullResponse>(again).changes.lsns == std::vector<Lsn>{3, 4, 5});
}

TEST_CASE("credit in bytes counts records; one change fits always, and is owed afterwards") {
  SyncWorld world;
  LiveCaller caller(world);
  write_on_server(world, 4);
  caller.enter_live();
  caller.send(pull_from());
  caller.grant(100, 0);
  CHECK_FALSE(caller.next());
  caller.grant(0, 1);
  const LiveFrame first = caller.take();
  const auto& page = body_as<PullResponse>(first);
  REQUIRE(page.changes.records.size() == 1);
  const std::uint64_t owed = bytes_of(page.changes) - 1;
  caller.grant(0, owed);
  CHECK_FALSE(caller.next());
  caller.grant(0, 1);
  CHECK(body_as<PullResponse>(caller.take()).changes.records.size() == 1);
  CHECK_FALSE(caller.next());
  // More than can be counted is as much as can be counted.
  caller.grant(0, ~std::uint64_t{0} >> 11);
  caller.grant(0, ~std::uint64_t{0} >> 11);
  CHECK(body_as<PullResponse>(caller.take()).changes.records.size() == 2);
}

TEST_CASE("a transaction is never cut, though it is more than the credit") {
  SyncWorld world;
  LiveCaller caller(world);
  write_on_server(world, 1);
  const std::vector<std::string> rows{"x0", "x1", "x2", "x3"};
  std::vector<Write> writes;
  for (const std::string& row : rows) {
    writes.push_back({WriteKind::put, "t", row, Payload::json("1"), {}});
  }
  REQUIRE(world.server().transaction(writes));
  write_on_server(world, 1, "z");
  caller.enter_live();
  caller.send(pull_from());
  caller.grant(2);
  CHECK(body_as<PullResponse>(caller.take()).changes.lsns == std::vector<Lsn>{1});
  CHECK(body_as<PullResponse>(caller.take()).changes.lsns == std::vector<Lsn>{2, 3, 4, 5});
  CHECK_FALSE(caller.next());
  caller.grant(3);
  CHECK_FALSE(caller.next());
  caller.grant(1);
  CHECK(body_as<PullResponse>(caller.take()).changes.lsns == std::vector<Lsn>{6});
}

TEST_CASE("own changes are not echoed; the cursor goes past them all the same") {
  SyncWorld world;
  LiveCaller caller(world);
  caller.enter_live();
  caller.grant(100);
  caller.send(pull_from(), 2);
  // An empty log is answered, too: the client learns that it has everything.
  const LiveFrame nothing = caller.take();
  CHECK(body_as<PullResponse>(nothing).changes.records.empty());
  CHECK_FALSE(body_as<PullResponse>(nothing).has_more);
  CHECK_FALSE(caller.next());

  caller.edge.put_many(3);
  caller.send(caller.batch());
  CHECK(body_as<PushResponse>(caller.take()).applied == 3);
  CHECK_FALSE(caller.next());
  caller.send(heartbeat_of(caller), 5);
  const LiveFrame beat = caller.take();
  CHECK(beat.id == 5);
  CHECK(body_as<HeartbeatResponse>(beat).lsn == 3);
  const LiveFrame moved = caller.take();
  CHECK(moved.id == 2);
  CHECK(body_as<PullResponse>(moved).changes.records.empty());
  CHECK(body_as<PullResponse>(moved).covers.get(caller.id()) == 3);
  CHECK(body_as<PullResponse>(moved).cursor != body_as<PullResponse>(nothing).cursor);
  caller.send(heartbeat_of(caller));
  caller.take();
  CHECK_FALSE(caller.next());

  // So it is if the heartbeat comes before the stream has looked at what it passes over.
  caller.edge.put("another", "1");
  caller.send(caller.batch(4));
  caller.send(heartbeat_of(caller), 6);
  std::vector<LiveFrame> frames;
  while (auto frame = caller.next()) frames.push_back(std::move(*frame));
  REQUIRE(frames.size() == 3);
  const auto last = std::find_if(frames.begin(), frames.end(),
                                 [](const LiveFrame& frame) { return frame.id == 2; });
  REQUIRE(last != frames.end());
  CHECK(body_as<PullResponse>(*last).covers.get(caller.id()) == 4);
}

TEST_CASE("answers and changes take turns, and pages are made when they are asked for") {
  SyncWorld world;
  LiveCaller caller(world);
  caller.enter_live();
  caller.edge.put_many(3);
  PullRequest request = pull_from();
  request.limit = 1;
  caller.send(request, 100);
  caller.grant(2);
  write_on_server(world, 2);
  caller.send(caller.batch(1, 1), 1);
  caller.send(caller.batch(2, 2), 2);
  CHECK(body_as<PullResponse>(caller.take()).changes.lsns == std::vector<Lsn>{1});
  CHECK(caller.take().id == 1);
  const LiveFrame second = caller.take();
  CHECK(body_as<PullResponse>(second).changes.lsns == std::vector<Lsn>{2});
  CHECK(caller.take().id == 2);
  // The second went past those of the caller already: there is nothing more to say.
  CHECK_FALSE(body_as<PullResponse>(second).has_more);
  CHECK_FALSE(caller.next());
  caller.send(pull_from(body_as<PullResponse>(second).cursor), 101);
  write_on_server(world, 3, "later");
  caller.grant(100);
  write_on_server(world, 1, "latest");
  const LiveFrame all = caller.take();
  CHECK(all.id == 101);
  CHECK(body_as<PullResponse>(all).changes.lsns == std::vector<Lsn>{5, 6, 7, 8});
  CHECK_FALSE(caller.next());
}

TEST_CASE("while many answers wait no more is asked for") {
  SyncWorld world;
  LiveCaller caller(world);
  caller.enter_live();
  for (std::size_t i = 0; i < max_unsent_answers; ++i) {
    REQUIRE(caller.session.wants_input());
    caller.send(heartbeat_of(caller), i + 1);
  }
  CHECK_FALSE(caller.session.wants_input());
  CHECK(caller.take().id == 1);
  CHECK(caller.session.wants_input());
  for (std::size_t i = 1; i < max_unsent_answers; ++i) CHECK(caller.take().id == i + 1);
  CHECK_FALSE(caller.next());
}

TEST_CASE("what is no frame ends the session, with a reason") {
  SyncWorld world;
  const LiveMessage messages[] = {{true, "\xc1"},
                                  {false, "{"},
                                  {false, "[]"},
                                  {false, "{\"id\":1}"},
                                  {false, "{\"type\":7}"},
                                  {false, "{\"type\":\"pull\",\"id\":0}"},
                                  {true, ""},
                                  {false, "{\"type\":\"pull\",\"id\":\"x\"}"}};
  for (const LiveMessage& message : messages) {
    CAPTURE(message.bytes);
    LiveSession session(world.hub, world.tenant, [] { return Result<void>(); });
    session.on_message(message);
    const auto answer = session.next_message();
    REQUIRE(answer);
    CHECK(answer->binary == message.binary);
    const auto frame = read_live_message(*answer);
    REQUIRE(frame);
    CHECK(code_of(*frame) == ErrorCode::bad_request);
    REQUIRE(session.closing());
    CHECK(session.closing()->code == 1007);
    CHECK_FALSE(session.wants_input());
    CHECK_FALSE(session.next_message());
  }
}

TEST_CASE("no bytes make a session throw") {
  SyncWorld world;
  SeededRandom random{11};
  LiveCaller caller(world);
  caller.edge.put_many(1);
  for (const bool binary : {false, true}) {
    const std::string whole =
        write_live_message({1, caller.batch()}, binary ? BodyFormat::msgpack : BodyFormat::json)
            .bytes;
    for (int round = 0; round < 2000; ++round) {
      std::string bytes = whole;
      std::array<std::uint8_t, 8> noise{};
      random.fill(noise);
      bytes[(noise[0] * 256U + noise[1]) % bytes.size()] = static_cast<char>(noise[2]);
      bytes.resize(bytes.size() - noise[3] % 8);
      LiveSession session(world.hub, world.tenant, [] { return Result<void>(); });
      session.on_message({binary, bytes});
      CHECK(session.next_message());
    }
  }
}

TEST_CASE("a frame that is not known, or is the server's to send, is told and ends nothing") {
  SyncWorld world;
  LiveCaller caller(world, BodyFormat::json);
  caller.enter_live();
  caller.session.on_message({false, R"({"type":"subscribe","id":3})"});
  const LiveFrame unknown = caller.take();
  CHECK(unknown.id == 3);
  CHECK(code_of(unknown) == ErrorCode::bad_request);
  CHECK(body_as<LiveError>(unknown).error.detail.find("heartbeat") != std::string::npos);
  caller.send(HeartbeatResponse{}, 4);
  CHECK(code_of(caller.take()) == ErrorCode::bad_request);
  caller.session.on_message({false, R"({"type":"pull","id":5,"limit":"many"})"});
  const LiveFrame wrong = caller.take();
  CHECK(wrong.id == 5);
  CHECK(body_as<LiveError>(wrong).error.detail.find("limit") != std::string::npos);
  CHECK_FALSE(caller.session.closing());
  caller.send(heartbeat_of(caller));
  CHECK(body_as<HeartbeatResponse>(caller.take()).lsn == 0);
}

TEST_CASE("a cursor that leads nowhere ends the stream, not the session") {
  SyncWorld world;
  LiveCaller caller(world);
  // More than one leaf of the log, which is the least that a trim frees.
  write_on_server(world, 4200);
  caller.enter_live();
  caller.grant(100);
  REQUIRE(world.server().trim(4200).value().first_lsn == 4097);

  caller.send(pull_from(), 2);
  const LiveFrame trimmed = caller.take();
  CHECK(trimmed.id == 2);
  CHECK(code_of(trimmed) == ErrorCode::cursor_trimmed);
  CHECK(body_as<LiveError>(trimmed).error.number("oldest_lsn") == 4097);
  write_on_server(world, 1, "new");
  CHECK_FALSE(caller.next());

  Cursor of_another_log;
  of_another_log.log_id = NodeId::generate(world.random);
  of_another_log.lsn = 1;
  caller.send(pull_from(encode_cursor(of_another_log)), 3);
  CHECK(code_of(caller.take()) == ErrorCode::log_reset);

  caller.send(pull_from(encode_cursor(cursor_at(world.server().log(), 4200))), 4);
  CHECK(body_as<PullResponse>(caller.take()).changes.lsns == std::vector<Lsn>{4201});
  CHECK_FALSE(caller.session.closing());
}

TEST_CASE("frames that ask for something are admitted one by one") {
  SyncWorld world;
  LiveCaller caller(world);
  caller.enter_live();
  caller.admitted = Error(ErrorCode::rate_limited, "slowly").with("retry_after_s", 3);
  caller.send(caller.batch(), 6);
  const LiveFrame limited = caller.take();
  CHECK(limited.id == 6);
  CHECK(body_as<LiveError>(limited).error.number("retry_after_s") == 3);
  caller.grant(1);
  CHECK_FALSE(caller.next());
  CHECK_FALSE(caller.session.closing());

  caller.admitted = Error(ErrorCode::tenant_not_found, "gone");
  caller.send(heartbeat_of(caller), 7);
  CHECK(code_of(caller.take()) == ErrorCode::tenant_not_found);
  REQUIRE(caller.session.closing());
  CHECK(caller.session.closing()->code == 1008);
  CHECK(caller.session.closing()->reason == "tenant_not_found");
}

TEST_CASE("JSON is answered with JSON, and payloads as they are asked for") {
  SyncWorld world;
  LiveCaller caller(world, BodyFormat::json);
  write_on_server(world, 1);
  caller.enter_live();
  caller.grant(1);
  PullRequest request = pull_from();
  request.payload = JsonPayload::base64;
  caller.send(request);
  const auto message = caller.session.next_message();
  REQUIRE(message);
  CHECK_FALSE(message->binary);
  CHECK(message->bytes.find("data_base64") != std::string::npos);
}

TEST_CASE("the filter of the registration counts") {
  SyncWorld world;
  LiveCaller caller(world);
  REQUIRE(world.server().put("other", "1", Payload::json("1")));
  write_on_server(world, 1);
  RegisterRequest request = caller.registration();
  request.tables = std::vector<std::string>{"t"};
  caller.send(request);
  caller.take();
  caller.grant(10);
  caller.send(pull_from());
  CHECK(body_as<PullResponse>(caller.take()).changes.lsns == std::vector<Lsn>{2});
}

}  // namespace syncline::test
