// The client's side of a live connection. The input is a sequence of steps: frames that a server
// sends, and what happens at the client meanwhile.
#include "sync/live_client.hpp"

#include "support/check.hpp"
#include "support/steps.hpp"
#include "support/world.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

// All that the client says can be read by a server.
void check_output(LiveClient& client) {
  for (const LiveMessage& message : client.take_output()) {
    const Result<LiveFrame> frame = read_live_message(message);
    FUZZ_CHECK(frame.has_value());
  }
}

bool take(LiveClient& client, Replica& edge, const Step& step, std::uint64_t& now_us) {
  switch (step.kind % 5) {
    case 0:
    case 1: {
      const LiveMessage message{step.kind % 5 == 1, std::string(text_of(step.bytes))};
      const Result<void> taken = client.on_message(message, now_us);
      if (!taken) check_error(taken.error());
      return taken.has_value();
    }
    case 2:
      FUZZ_CHECK(edge.put("people", "9", Payload::json("[1]")).has_value());
      client.on_commit();
      return true;
    case 3:
      now_us += 10'000'000;
      client.on_idle(now_us);
      return true;
    default:
      client.ask(now_us);
      return true;
  }
}

}  // namespace

void live_client(Bytes bytes) {
  ManualClock clock{world_begins_us};
  SeededRandom random{77};
  const std::unique_ptr<Replica> edge = make_edge(clock, random);
  LiveClient::Options options;
  options.batch_changes = 10;
  options.batch_bytes = 100'000;
  options.heartbeat_interval_us = 30'000'000;
  std::uint64_t now_us = 1;
  LiveClient client(*edge, options, now_us);
  check_output(client);
  for (const Step& step : read_steps(bytes)) {
    const bool good = take(client, *edge, step, now_us);
    check_output(client);
    if (!good) break;
  }
  client.take_conflicts();
  // What is its own, nobody takes away.
  FUZZ_CHECK(edge->get("people", "7").winner.has_value());
  check_replica(*edge);
}

}  // namespace syncline::fuzz
