#include "sync/live_frames.hpp"

#include <array>
#include <utility>

#include "sync/members.hpp"
#include "sync/report_json.hpp"

namespace syncline {
namespace {

using nlohmann::json;

using Reader = Result<LiveBody> (*)(json&& body);

template <typename Message>
Result<LiveBody> read_as(json&& body) {
  Result<Message> message = Message::from_body(std::move(body));
  if (!message) return message.error();
  return LiveBody(std::move(*message));
}

Result<LiveBody> read_error(json&& body) {
  // A problem's own `type` says what its code says; here it is the frame's.
  body.erase("type");
  body.erase("id");
  return LiveBody(LiveError{error_from_problem(body)});
}

struct FrameType {
  std::string_view name;
  Reader read;
};

// In the order of the alternatives of LiveBody.
constexpr std::array<FrameType, 10> frame_types{{
    {"register", read_as<RegisterRequest>},
    {"registered", read_as<RegisterResponse>},
    {"push", read_as<PushRequest>},
    {"pushed", read_as<PushResponse>},
    {"pull", read_as<PullRequest>},
    {"changes", read_as<PullResponse>},
    {"credit", read_as<LiveCredit>},
    {"heartbeat", read_as<HeartbeatRequest>},
    {"beat", read_as<HeartbeatResponse>},
    {"error", read_error},
}};
static_assert(frame_types.size() == std::variant_size_v<LiveBody>);

std::string known_types() {
  std::string names;
  for (const FrameType& type : frame_types) {
    names += (names.empty() ? "" : ", ") + std::string(type.name);
  }
  return names;
}

json body_of(const LiveBody& body) {
  return std::visit(
      [](const auto& message) {
        if constexpr (std::is_same_v<std::decay_t<decltype(message)>, LiveError>) {
          return problem_to_body(message.error);
        } else {
          return message.to_body();
        }
      },
      body);
}

}  // namespace

Result<LiveCredit> LiveCredit::from_body(const json& body) {
  MemberReader in(body);
  LiveCredit credit;
  credit.changes = in.number_or("changes", 0);
  credit.bytes = in.number_or("bytes", 0);
  return in.result(credit);
}

json LiveCredit::to_body() const { return {{"changes", changes}, {"bytes", bytes}}; }

std::string_view live_type(const LiveBody& body) noexcept { return frame_types[body.index()].name; }

Result<LiveEnvelope> open_live_message(const LiveMessage& message) {
  const BodyFormat format = message.binary ? BodyFormat::msgpack : BodyFormat::json;
  Result<json> body = parse_body(message.bytes, format);
  if (!body) return body.error();
  if (!body->is_object()) {
    return Error{ErrorCode::bad_request, "a frame is an object with the member 'type'"};
  }
  MemberReader in(*body);
  LiveEnvelope envelope;
  envelope.type = in.text("type");
  const std::optional<std::uint64_t> id = in.optional_number("id");
  if (id == std::uint64_t{0}) in.refuse("id", "a number from 1");
  envelope.id = id.value_or(0);
  if (!in.ok()) return in.result(std::move(envelope));
  envelope.body = std::move(*body);
  return envelope;
}

Result<LiveFrame> read_live_frame(LiveEnvelope&& envelope) {
  for (const FrameType& type : frame_types) {
    if (type.name != envelope.type) continue;
    Result<LiveBody> body = type.read(std::move(envelope.body));
    if (!body) return body.error();
    return LiveFrame{envelope.id, std::move(*body)};
  }
  return Error{ErrorCode::bad_request,
               "there is no frame of the type '" + envelope.type + "'; known are " + known_types()};
}

Result<LiveFrame> read_live_message(const LiveMessage& message) {
  Result<LiveEnvelope> envelope = open_live_message(message);
  if (!envelope) return envelope.error();
  return read_live_frame(std::move(*envelope));
}

LiveMessage write_live_message(const LiveFrame& frame, BodyFormat format, JsonPayload payload) {
  json body = body_of(frame.body);
  body["type"] = live_type(frame.body);
  if (frame.id != 0) body["id"] = frame.id;
  return {format == BodyFormat::msgpack, write_body(body, format, payload)};
}

}  // namespace syncline
