// The messages of the sync protocol. The first byte says which message the rest is, and in which
// format.
#include "sync/messages.hpp"

#include <array>

#include "support/body_check.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "sync/report_json.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using nlohmann::json;

template <typename Message>
json body_of(const Message& message, BodyFormat format) {
  if constexpr (std::is_same_v<Message, SnapshotResponse>) {
    return message.to_body(format, JsonPayload::text);
  } else {
    return message.to_body();
  }
}

// In JSON a change whose LSN is 0 has none.
bool has_lsn_0(const json& body) {
  if (!body.is_structured()) return false;
  for (const auto& [name, value] : body.items()) {
    if (body.is_object() && name.ends_with("lsns") && value.is_array()) {
      for (const json& lsn : value) {
        if (lsn == 0) return true;
      }
    }
    if (has_lsn_0(value)) return true;
  }
  return false;
}

template <typename Message>
Message read_again(const std::string& bytes, BodyFormat format) {
  Result<json> body = parse_body(bytes, format);
  FUZZ_CHECK(body.has_value());
  Result<Message> message = Message::from_body(std::move(*body));
  FUZZ_CHECK(message.has_value());
  return std::move(*message);
}

// What was understood is written, and read, and written to the same again, in both formats.
template <typename Message>
void check(json&& body) {
  const Result<Message> message = Message::from_body(std::move(body));
  if (!message) {
    check_error(message.error());
    FUZZ_CHECK(message.error().code != ErrorCode::internal);
    return;
  }
  const json packed_body = body_of(*message, BodyFormat::msgpack);
  const std::string packed = write_checked(packed_body, BodyFormat::msgpack);
  const Message again = read_again<Message>(packed, BodyFormat::msgpack);
  FUZZ_CHECK(write_body(body_of(again, BodyFormat::msgpack), BodyFormat::msgpack) == packed);

  const std::string text = write_checked(body_of(*message, BodyFormat::json), BodyFormat::json);
  if (text.empty()) return;
  const Message from_text = read_again<Message>(text, BodyFormat::json);
  if (has_lsn_0(packed_body)) return;
  FUZZ_CHECK(write_body(body_of(from_text, BodyFormat::msgpack), BodyFormat::msgpack) == packed);
}

void check_problem(json&& body) {
  const Error error = error_from_problem(body);
  const json written = problem_to_body(error);
  FUZZ_CHECK(written.at("status") == http_status(error.code));
  const Error again = error_from_problem(written);
  FUZZ_CHECK(again.code == error.code && again.detail == error.detail);
  FUZZ_CHECK(problem_to_body(again) == written);
}

void check_parts(json&& body) {
  if (const Result<ConflictSummary> summary = summary_from_body(body)) {
    const Result<ConflictSummary> again = summary_from_body(summary_to_body(*summary));
    FUZZ_CHECK(again.has_value() && summary_to_body(*again) == summary_to_body(*summary));
  } else {
    check_error(summary.error());
  }
  if (const Result<Rejection> rejection = rejection_from_body(body)) {
    const Result<Rejection> again = rejection_from_body(rejection_to_body(*rejection));
    FUZZ_CHECK(again.has_value() && rejection_to_body(*again) == rejection_to_body(*rejection));
  } else {
    check_error(rejection.error());
  }
  if (const Result<WireClock> clock = clock_from_body(body, "clock")) {
    const Result<WireClock> again = clock_from_body(clock_to_body(*clock), "clock");
    FUZZ_CHECK(again.has_value() && *again == *clock);
    FUZZ_CHECK(WireClock(clock->clock()).clock() == clock->clock());
  } else {
    check_error(clock.error());
  }
}

constexpr std::array<void (*)(json&&), 15> checks{
    check<RegisterRequest>,
    check<RegisterResponse>,
    check<PushRequest>,
    check<PushResponse>,
    check<PullRequest>,
    check<PullResponse>,
    check<HeartbeatRequest>,
    check<HeartbeatResponse>,
    check<ExchangeRequest>,
    check<ExchangeResponse>,
    check<SnapshotResponse>,
    check<SnapshotUpload>,
    check<UploadResponse>,
    check_problem,
    check_parts,
};

}  // namespace

void messages(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t selector = input.byte();
  const ExactCopy copy(input.rest());
  Result<json> body = parse_body(copy.text(), format_of(selector));
  if (!body) return;
  checks[(selector >> 1U) % checks.size()](std::move(*body));
}

}  // namespace syncline::fuzz
