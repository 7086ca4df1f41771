// The frames of live synchronisation: golden bytes, kept for ever in tests/golden/live. Made with
//   unit_sync --no-skip --test-case='make golden live frames'
// which writes what is not there yet and leaves alone what is.
#include "sync/live_frames.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/live_frames.hpp"
#include "syncline/record.hpp"

namespace syncline::test {
namespace {

namespace fs = std::filesystem;

const fs::path folder =
    fs::path(__FILE__).parent_path().parent_path().parent_path() / "golden/live";

NodeId node(char digit) {
  const auto id = NodeId::parse(std::string(8, digit) + "-0000-4000-8000-000000000000");
  REQUIRE(id);
  return *id;
}

ChangeList one_change() {
  Change change;
  change.dot = {node('a'), 7};
  change.hlc = HybridTime::from_us(1'700'000'000'123'456);
  change.operation = Operation::insert;
  change.table = "orders";
  change.row_id = "42";
  change.format = PayloadFormat::json;
  change.data = R"({"total": 1.50})";
  const std::string record = encode_record(change);
  return {{RecordBytes(record.begin(), record.end())}, {12}};
}

AnswerHeader header() {
  AnswerHeader header;
  header.time = HybridTime::from_us(1'700'000'001'000'000);
  header.log_id = node('c');
  header.known = WireClock::Entry{7, 0x0123456789abcdefU};
  header.settings_version = 3;
  return header;
}

WireClock clock_of(const NodeId& origin, Sequence seq) {
  WireClock clock;
  clock.entries[origin] = {seq, 0xfedcba9876543210U};
  return clock;
}

struct Sample {
  std::string name;
  LiveFrame frame;
};

LiveFrame registered() {
  RegisterResponse response;
  response.header = header();
  response.node_id = node('b');
  response.clock = clock_of(node('b'), 5);
  response.lsn = 12;
  response.oldest_lsn = 1;
  response.lease_s = 7'776'000;
  response.session = "s1";
  response.max_clock_drift_ms = 120'000;
  response.max_batch_changes = 10'000;
  response.max_body_bytes = 8'388'608;
  response.max_change_bytes = 1'048'576;
  return {1, response};
}

LiveFrame pushed() {
  PushResponse response;
  response.header = header();
  response.received = 2;
  response.applied = 1;
  response.rejected.push_back(
      {{node('a'), 9}, 1, Error(ErrorCode::sequence_gap, "a hole").with("expected_seq", 8)});
  response.acked.set(node('a'), 7);
  response.lsn = 12;
  return {2, response};
}

LiveFrame changes() {
  PullResponse response;
  response.header = header();
  response.changes = one_change();
  response.cursor = "opaque";
  response.has_more = true;
  response.covers.set(node('a'), 7);
  response.lsn = 20;
  return {3, response};
}

LiveFrame beat() {
  HeartbeatResponse response;
  response.header = header();
  response.lsn = 20;
  response.lag_changes = 8;
  response.lag_bytes = 1600;
  return {4, response};
}

std::vector<Sample> samples() {
  RegisterRequest registration;
  registration.protocol = {1};
  registration.node_id = node('a');
  registration.name = "shop 1";
  registration.clock = clock_of(node('a'), 7);
  registration.tables = std::vector<std::string>{"orders"};
  registration.time = HybridTime::from_us(1'700'000'000'500'000);
  PushRequest push;
  push.changes.records = one_change().records;
  push.clock = clock_of(node('a'), 7);
  PullRequest pull;
  pull.cursor = "opaque";
  pull.have = clock_of(node('b'), 5);
  HeartbeatRequest heartbeat;
  heartbeat.clock = clock_of(node('a'), 7);
  heartbeat.cursor = "opaque";
  const LiveError error{Error(ErrorCode::rate_limited, "slowly").with("retry_after_s", 3)};
  return {{"register", {1, registration}},
          {"registered", registered()},
          {"push", {2, push}},
          {"pushed", pushed()},
          {"pull", {3, pull}},
          {"changes", changes()},
          {"credit", {0, LiveCredit{1000, 1 << 20}}},
          {"heartbeat", {4, heartbeat}},
          {"beat", beat()},
          {"error", {2, error}}};
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.is_open(), path.string());
  std::string text(std::istreambuf_iterator<char>(file), {});
  REQUIRE(text.ends_with('\n'));
  text.pop_back();
  return text;
}

std::string hex_of(const std::string& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15U];
  }
  return text;
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

void make(const fs::path& path, const std::string& text) {
  if (fs::exists(path)) return;
  std::ofstream(path, std::ios::binary) << text << '\n';
}

}  // namespace

TEST_CASE("golden live frames are written and read to the same bytes") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.name);
    CHECK(live_type(sample.frame.body) == sample.name);
    for (const BodyFormat format : {BodyFormat::json, BodyFormat::msgpack}) {
      const bool binary = format == BodyFormat::msgpack;
      const std::string golden = content(folder / (sample.name + (binary ? ".hex" : ".json")));
      const LiveMessage message = write_live_message(sample.frame, format);
      CHECK(message.binary == binary);
      CHECK((binary ? hex_of(message.bytes) : message.bytes) == golden);
      const auto read = read_live_message(message);
      REQUIRE(read);
      CHECK(read->id == sample.frame.id);
      CHECK(write_live_message(*read, format) == message);
    }
  }
}

TEST_CASE("every golden live frame can be read, whatever version wrote it") {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    const bool binary = path.extension() == ".hex";
    if (!binary && path.extension() != ".json") continue;
    CAPTURE(path.string());
    const std::string text = content(path);
    const LiveMessage message{binary, binary ? from_hex(text) : text};
    const auto frame = read_live_message(message);
    REQUIRE(frame);
    const std::string name = path.filename().string();
    CHECK(live_type(frame->body) == name.substr(0, name.find('.')));
    ++files;
  }
  CHECK(files >= 2 * samples().size());
}

TEST_CASE("make golden live frames" * doctest::skip()) {
  fs::create_directories(folder);
  for (const Sample& sample : samples()) {
    make(folder / (sample.name + ".json"),
         write_live_message(sample.frame, BodyFormat::json).bytes);
    make(folder / (sample.name + ".hex"),
         hex_of(write_live_message(sample.frame, BodyFormat::msgpack).bytes));
  }
}

TEST_CASE("an error frame says its code and members, and not the type of a problem") {
  const auto read = read_live_message(
      {false, R"({"type":"error","id":4,"code":"cursor_trimmed","detail":"d","oldest_lsn":9})"});
  REQUIRE(read);
  const Error& error = body_as<LiveError>(*read).error;
  CHECK(error.code == ErrorCode::cursor_trimmed);
  CHECK(error.number("oldest_lsn") == 9);
  CHECK(error.members.size() == 1);
}

}  // namespace syncline::test
