// The server's side of a live connection. The input is a sequence of steps: frames that a client
// sends, and what happens on the server meanwhile.
#include "sync/live_session.hpp"

#include "support/check.hpp"
#include "support/steps.hpp"
#include "support/world.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

/// A session, and what it was granted.
class Caller {
 public:
  Caller() : session_(hub_, world_.tenant, [] { return Result<void>(); }) {}

  void take(const Step& step) {
    switch (step.kind % 4) {
      case 0:
      case 1:
        return send({step.kind % 4 == 1, std::string(text_of(step.bytes))});
      case 2:
        return world_.put("w" + std::to_string(step.bytes.size() % 16), "[1]");
      default:
        world_.clock.advance_us(1'000'000ULL * (step.bytes.size() + 1));
        hub_.maintain(world_.tenant);
    }
  }
  void finish() {
    drain();
    world_.check();
  }

 private:
  void send(const LiveMessage& message) {
    if (!session_.wants_input()) drain();
    if (!session_.wants_input()) {
      FUZZ_CHECK(session_.closing().has_value());
      return;
    }
    note_credit(message);
    session_.on_message(message);
    drain();
  }

  void note_credit(const LiveMessage& message) {
    const Result<LiveFrame> frame = read_live_message(message);
    if (!frame) return;
    if (const auto* credit = std::get_if<LiveCredit>(&frame->body)) {
      granted_ += std::min(credit->changes, std::uint64_t{1} << 32);
    }
  }

  // Everything that the session says can be read by a client.
  void drain() {
    constexpr std::size_t most_messages = 1000;
    for (std::size_t i = 0; i < most_messages; ++i) {
      const std::optional<LiveMessage> message = session_.next_message();
      if (!message) {
        check_closing();
        return;
      }
      const Result<LiveFrame> frame = read_live_message(*message);
      FUZZ_CHECK(frame.has_value());
      if (const auto* error = std::get_if<LiveError>(&frame->body)) {
        check_error(error->error);
        FUZZ_CHECK(error->error.code != ErrorCode::internal);
      }
      if (const auto* page = std::get_if<PullResponse>(&frame->body)) {
        sent_ += page->changes.records.size();
        // No transaction here is longer.
        FUZZ_CHECK(sent_ <= granted_ + limits::default_max_batch_changes);
        FUZZ_CHECK(granted_ != 0 || sent_ == 0);
      }
    }
    fail("a session that says so much at once goes on for ever", __FILE__, __LINE__);
  }

  void check_closing() const {
    const std::optional<LiveClosing> closing = session_.closing();
    if (!closing) return;
    constexpr std::size_t most_reason_bytes = 123;
    FUZZ_CHECK(closing->code >= 1000 && closing->code < 5000);
    FUZZ_CHECK(closing->reason.size() <= most_reason_bytes);
    FUZZ_CHECK(!session_.wants_input());
  }

  World world_;
  Hub hub_{&world_.clock};
  LiveSession session_;
  std::uint64_t granted_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace

void live_session(Bytes bytes) {
  Caller caller;
  for (const Step& step : read_steps(bytes)) caller.take(step);
  caller.finish();
}

}  // namespace syncline::fuzz
