// The session's part on giving a snapshot: what was trimmed here cannot be pushed.

#include <algorithm>
#include <utility>

#include "sync/client_session.hpp"
#include "sync/durable.hpp"

namespace syncline {

Result<void> ClientSession::begin_upload(const Error& cause) {
  if (uploads_ >= max_uploads) return cause;
  ++uploads_;
  // The snapshot tells of everything that is here, so all of it has to stay.
  if (const auto flushed = replica_.flush(); !flushed) return flushed;
  upload_ = replica_.snapshot_header();
  upload_position_ = SnapshotPosition();
  stage_ = Stage::upload;
  return {};
}

HttpRequest ClientSession::next_upload() {
  SnapshotUpload upload;
  upload.node_id = asked_as_ = replica_.node();
  upload.first = upload_position_ == SnapshotPosition();
  for (const auto& [origin, same] : rebase_options_.contested) upload.contested.push_back(origin);
  std::size_t limit = options_.batch_changes;
  std::size_t max_bytes = options_.batch_bytes;
  if (max_changes_ != 0) {  // else the server never let this replica register
    limit = std::min<std::uint64_t>(limit, max_changes_);
    max_bytes = std::min<std::uint64_t>(max_bytes, max_body_bytes_ - max_body_bytes_ / 8);
  }
  // Rows may be newer than the snapshot: whatever is written until the page is made counts as sent.
  constexpr Sequence own_changes_meanwhile = 1'000'000;
  static_cast<void>(replica_.mark_sent(replica_.origin(asked_as_).seq + own_changes_meanwhile, {}));
  const SnapshotPage page =
      replica_.snapshot_page(upload_position_, limit, max_bytes, {}, upload_.lsn);
  upload_next_ = page.next;
  SnapshotResponse& out = upload.page;
  out.header.log_id = upload_.log_id;
  out.header.time = replica_.now();
  out.giver = asked_as_;
  out.lsn = upload_.lsn;
  out.clock = wire_clock(replica_, upload_.clock);
  out.stable = {upload_.stable_number, upload_.stable_clock};
  for (const LogEntry& entry : page.rows) out.rows.add(entry);
  for (const LogEntry& entry : page.history) {
    const bool marker = entry.change.operation == Operation::stable;
    (marker ? out.markers : out.history).add(entry);
  }
  if (page.next) out.next_page = "more";
  return messages_.upload(upload);
}

Result<void> ClientSession::on_upload(const HttpResponse& response) {
  Result<nlohmann::json> body = read_answer(response);
  if (!body) {
    const Error& error = body.error();
    const bool newcomer = error.number("newcomer") != 0;
    if (!newcomer && error.code != ErrorCode::dot_mismatch) return error;
    if (newcomer) contest(asked_as_, 0);
    contest_by(error);
    return begin_rebase(error);
  }
  const Result<UploadResponse> answer = UploadResponse::from_body(*body);
  if (!answer) return Error{ErrorCode::internal, "the server's answer: " + answer.error().detail};
  if (!answer->complete && upload_next_) {
    upload_position_ = *upload_next_;
    return {};
  }
  rebase_options_ = {};  // it was for the server to rebase
  // The server's log is another one now, and what it holds is told when the session opens anew.
  registered_ = false;
  planner_.forget_server();
  pulled_all_ = false;
  stage_ = Stage::exchange;
  return {};
}

}  // namespace syncline
