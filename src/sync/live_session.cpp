#include "sync/live_session.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace syncline {
namespace {

// RFC 6455, 7.4.1.
constexpr std::uint16_t close_malformed = 1007;
constexpr std::uint16_t close_policy = 1008;
/// What a close frame has room for beside its code.
constexpr std::size_t max_reason_bytes = 123;

/// Adds a grant to what is left, up to what the counter holds.
std::int64_t added(std::int64_t left, std::uint64_t grant) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t room = left > 0 ? static_cast<std::uint64_t>(most - left) : most;
  return grant >= room ? most : left + static_cast<std::int64_t>(grant);
}

std::optional<std::uint64_t> lesser(const std::optional<std::uint64_t>& wanted, std::int64_t left) {
  const auto credit = static_cast<std::uint64_t>(left);
  return wanted ? std::min(*wanted, credit) : credit;
}

template <typename Response>
Result<std::optional<LiveBody>> answer_with(Result<Response>&& response) {
  if (!response) return response.error();
  return std::optional<LiveBody>(std::move(*response));
}

bool is_request(const LiveBody& body) { return !std::holds_alternative<LiveCredit>(body); }

}  // namespace

LiveSession::LiveSession(Hub& hub, Hub::TenantPointer tenant, Admit admit)
    : hub_(hub), tenant_(std::move(tenant)), admit_(std::move(admit)) {}

bool LiveSession::wants_input() const {
  return !closing_ && answers_.size() < max_unsent_answers &&
         answer_bytes_ < max_unsent_answer_bytes;
}

void LiveSession::on_message(const LiveMessage& message) {
  if (!format_) format_ = message.binary ? BodyFormat::msgpack : BodyFormat::json;
  Result<LiveEnvelope> envelope = open_live_message(message);
  if (!envelope) return close_after(0, envelope.error(), close_malformed);
  const std::uint64_t id = envelope->id;
  Result<LiveFrame> frame = read_live_frame(std::move(*envelope));
  if (!frame) return answer(id, LiveError{frame.error()});
  if (is_request(frame->body)) {
    if (const auto admitted = admit_(); !admitted) {
      if (admitted.error().code == ErrorCode::rate_limited) {
        return answer(id, LiveError{admitted.error()});
      }
      return close_after(id, admitted.error(), close_policy);
    }
  }
  Result<Answer> done = perform(std::move(*frame));
  if (!done) return answer(id, LiveError{done.error()});
  if (*done) answer(id, std::move(**done));
}

Result<LiveSession::Answer> LiveSession::perform(LiveFrame&& frame) {
  if (auto* const request = std::get_if<RegisterRequest>(&frame.body)) {
    return register_caller(*request);
  }
  if (auto* const credit = std::get_if<LiveCredit>(&frame.body)) {
    add_credit(*credit);
    return Answer{};
  }
  if (auto* const request = std::get_if<PushRequest>(&frame.body)) {
    if (const auto known = check_caller(request->node_id); !known) return known.error();
    return answer_with(hub_.push(tenant_, *request));
  }
  if (auto* const request = std::get_if<PullRequest>(&frame.body)) {
    if (const auto known = check_caller(request->node_id); !known) return known.error();
    return begin_stream(frame.id, std::move(*request));
  }
  if (auto* const request = std::get_if<HeartbeatRequest>(&frame.body)) {
    if (const auto known = check_caller(request->node_id); !known) return known.error();
    return beat(*request);
  }
  return Error{ErrorCode::bad_request,
               "only the server sends frames of the type '" + std::string(live_type(frame.body)) +
                   "'; a client sends register, push, pull, credit and heartbeat"};
}

Result<void> LiveSession::check_caller(NodeId& node) const {
  if (caller_.is_nil()) {
    return Error{ErrorCode::peer_stale, "the first frame of a connection is 'register'"};
  }
  if (node.is_nil()) node = caller_;
  if (node == caller_) return {};
  return Error{ErrorCode::bad_request, "member 'node_id' is wrong: expected " +
                                           caller_.to_string() +
                                           ", by which this connection is registered, or nothing"};
}

Result<LiveSession::Answer> LiveSession::register_caller(const RegisterRequest& request) {
  Result<RegisterResponse> response = hub_.register_peer(tenant_, request);
  // Who is refused is not who it was before, and a replica under a new id reads from a new place.
  if (!response || request.node_id != caller_) stream_.reset();
  caller_ = response ? request.node_id : NodeId{};
  return answer_with(std::move(response));
}

Result<LiveSession::Answer> LiveSession::begin_stream(std::uint64_t id, PullRequest&& request) {
  payload_ = request.payload;
  stream_ = Stream{id, std::move(request), 0, true, 0, false};
  return Answer{};
}

Result<LiveSession::Answer> LiveSession::beat(const HeartbeatRequest& request) {
  Result<HeartbeatResponse> response = hub_.heartbeat(tenant_, request);
  // A cursor that stays behind although there is nothing to send could be trimmed away one day.
  if (response && stream_) stream_->place_due = true;
  return answer_with(std::move(response));
}

void LiveSession::add_credit(const LiveCredit& credit) {
  credit_changes_ = added(credit_changes_, credit.changes);
  credit_bytes_ = added(credit_bytes_, credit.bytes);
}

LiveMessage LiveSession::write(const LiveFrame& frame) const {
  return write_live_message(frame, format_.value_or(BodyFormat::msgpack), payload_);
}

void LiveSession::answer(std::uint64_t id, LiveBody body) {
  answers_.push_back(write(LiveFrame{id, std::move(body)}));
  answer_bytes_ += answers_.back().bytes.size();
}

void LiveSession::close_after(std::uint64_t id, const Error& error, std::uint16_t code) {
  answer(id, LiveError{error});
  stream_.reset();
  closing_ = LiveClosing{code, std::string(to_string(error.code)).substr(0, max_reason_bytes)};
}

std::optional<LiveMessage> LiveSession::take_answer() {
  if (answers_.empty()) return std::nullopt;
  LiveMessage message = std::move(answers_.front());
  answers_.pop_front();
  answer_bytes_ -= message.bytes.size();
  return message;
}

bool LiveSession::has_news() const {
  if (stream_->owes_frame) return true;
  if (stream_->place_due && stream_->examined > stream_->said) return true;
  return tenant_->replica().releasable_lsn() > stream_->examined;
}

std::optional<LiveMessage> LiveSession::next_changes() {
  if (!stream_ || credit_changes_ <= 0 || credit_bytes_ <= 0) return std::nullopt;
  if (!has_news()) {
    stream_->place_due = false;
    return std::nullopt;
  }
  PullRequest request = stream_->request;
  request.limit = lesser(request.limit, credit_changes_);
  request.max_bytes = lesser(request.max_bytes, credit_bytes_);
  Result<PullResponse> page = hub_.pull(tenant_, request);
  const std::uint64_t id = stream_->id;
  if (!page) {
    stream_.reset();
    return write(LiveFrame{id, LiveError{page.error()}});
  }
  stream_->request.cursor = page->cursor;
  stream_->examined = page->examined;
  const bool owed = stream_->owes_frame || page->has_more || stream_->place_due;
  // Only the caller's own changes, or those of other tables: said with the next frame.
  if (page->changes.records.empty() && !owed) return std::nullopt;
  stream_->owes_frame = page->has_more;
  stream_->place_due = false;
  stream_->said = page->examined;
  credit_changes_ -= static_cast<std::int64_t>(page->changes.records.size());
  for (const RecordBytes& record : page->changes.records) {
    credit_bytes_ -= static_cast<std::int64_t>(record.size());
  }
  return write(LiveFrame{id, std::move(*page)});
}

std::optional<LiveMessage> LiveSession::next_message() {
  std::optional<LiveMessage> message;
  if (changes_next_) message = next_changes();
  if (message) {
    changes_next_ = false;
    return message;
  }
  message = take_answer();
  changes_next_ = message.has_value();
  return message ? std::move(message) : next_changes();
}

}  // namespace syncline
