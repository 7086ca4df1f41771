// One message of a live connection. The first byte says in which format.
#include "support/body_check.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "sync/live_frames.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

bool is_binary(BodyFormat format) { return format == BodyFormat::msgpack; }

// The frame in `format`, read again, is the same frame.
void check_written(const LiveFrame& frame, BodyFormat format) {
  const LiveMessage message = write_live_message(frame, format);
  FUZZ_CHECK(message.binary == is_binary(format));
  const auto body = parse_body(message.bytes, format);
  FUZZ_CHECK(body.has_value());
  const Result<LiveFrame> again = read_live_message(message);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->id == frame.id && again->body.index() == frame.body.index());
  FUZZ_CHECK(write_live_message(*again, format) == message);
}

}  // namespace

void live_frame(Bytes bytes) {
  Input input(bytes);
  const BodyFormat format = format_of(input.byte());
  const LiveMessage message{is_binary(format), std::string(text_of(input.rest()))};
  Result<LiveEnvelope> envelope = open_live_message(message);
  if (!envelope) {
    check_error(envelope.error());
    FUZZ_CHECK(envelope.error().code == ErrorCode::bad_request);
    FUZZ_CHECK(read_live_message(message).has_error());
    return;
  }
  const Result<LiveFrame> frame = read_live_frame(std::move(*envelope));
  if (!frame) {
    check_error(frame.error());
    return;
  }
  check_written(*frame, BodyFormat::msgpack);
  const auto body =
      parse_body(write_live_message(*frame, BodyFormat::msgpack).bytes, BodyFormat::msgpack);
  FUZZ_CHECK(body.has_value());
  if (has_json_form(*body)) check_written(*frame, BodyFormat::json);
}

}  // namespace syncline::fuzz
