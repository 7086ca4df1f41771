#include "api/change_feed.hpp"

#include <algorithm>
#include <utility>

#include "api/problem.hpp"
#include "sync/cursor.hpp"
#include "sync/durable.hpp"

namespace syncline::api {

namespace {

using TimePoint = std::chrono::steady_clock::time_point;

/// How long an EventSource waits before it comes back. Its own choice would be up to the browser.
constexpr std::string_view retry_field = "retry: 2000\n";

/// How a feed puts things into words.
class FeedWriter {
 public:
  virtual ~FeedWriter() = default;
  /// The first thing in a stream: where it begins.
  virtual void begin(std::string& out, const std::string& cursor, Lsn lsn) const = 0;
  /// `change` is a JSON object in one line; `cursor` is the place behind it.
  virtual void change(std::string& out, std::string change, const std::string& cursor) const = 0;
  /// Nothing has come up to `cursor`; the log ends at `lsn`.
  virtual void heartbeat(std::string& out, const std::string& cursor, Lsn lsn) const = 0;
  /// The last thing in a stream.
  virtual void error(std::string& out, const std::string& problem) const = 0;
};

class SseWriter final : public FeedWriter {
 public:
  void begin(std::string& out, const std::string& cursor, Lsn) const override {
    // An event without data is not dispatched, but its id is kept: who begins at "now" and is cut
    // off before the first change comes back to the same place.
    out.append(retry_field).append("id: ").append(cursor).append("\n\n");
  }
  void change(std::string& out, std::string change, const std::string& cursor) const override {
    out.append("id: ").append(cursor).append("\nevent: change\ndata: ");
    out.append(change).append("\n\n");
  }
  void heartbeat(std::string& out, const std::string& cursor, Lsn) const override {
    out.append(": heartbeat\nid: ").append(cursor).append("\n\n");
  }
  void error(std::string& out, const std::string& problem) const override {
    out.append("event: error\ndata: ").append(problem).append("\n\n");
  }
};

class NdjsonWriter final : public FeedWriter {
 public:
  void begin(std::string& out, const std::string& cursor, Lsn lsn) const override {
    heartbeat(out, cursor, lsn);
  }
  void change(std::string& out, std::string change, const std::string& cursor) const override {
    change.pop_back();
    out.append(change).append(R"(,"cursor":")").append(cursor).append("\"}\n");
  }
  void heartbeat(std::string& out, const std::string& cursor, Lsn lsn) const override {
    out.append(R"({"heartbeat":true,"cursor":")").append(cursor).append(R"(","lsn":)");
    out.append(std::to_string(lsn)).append("}\n");
  }
  void error(std::string& out, const std::string& problem) const override {
    out.append(R"({"error":)").append(problem).append("}\n");
  }
};

std::unique_ptr<FeedWriter> make_writer(Feed feed) {
  if (feed == Feed::sse) return std::make_unique<SseWriter>();
  return std::make_unique<NdjsonWriter>();
}

class ChangeFeed final : public StreamSource {
 public:
  ChangeFeed(const TenantManager& tenants, ChangeQuery wanted)
      : tenants_(tenants), wanted_(std::move(wanted)), writer_(make_writer(wanted_.feed)) {}

  StreamStep next(TimePoint now) override;

 private:
  Result<ReadPage> read() const;
  void append_changes(std::string& out, const ReadPage& page) const;

  const TenantManager& tenants_;
  /// `options.after` is how far the stream has come.
  ChangeQuery wanted_;
  const std::unique_ptr<FeedWriter> writer_;
  TimePoint heartbeat_at_;
  bool begun_ = false;
  bool ended_ = false;
};

Result<ReadPage> ChangeFeed::read() const {
  const auto tenant = tenants_.get(wanted_.tenant->id());
  if (!tenant || *tenant != wanted_.tenant) {
    return Error(ErrorCode::tenant_not_found, "The tenant has been removed.");
  }
  auto page = read_durable(wanted_.tenant->replica(), wanted_.options);
  if (page && page->reader.log_id() != wanted_.log_id) {
    return Error(ErrorCode::log_reset, "Another log has begun: take a snapshot, or begin anew.")
        .with("log_id", page->reader.log_id().to_string());
  }
  if (page && wanted_.show.before) limit_before_images(*page, wanted_.options.max_bytes);
  return page;
}

void ChangeFeed::append_changes(std::string& out, const ReadPage& page) const {
  for (const LogEntry& entry : page.entries) {
    std::string change;
    append_change(change, wanted_.tenant->replica(), page.reader, entry, wanted_.show,
                  wanted_.payload);
    // Within JSON they can only be blanks between two words.
    std::replace(change.begin(), change.end(), '\n', ' ');
    std::replace(change.begin(), change.end(), '\r', ' ');
    writer_->change(out, std::move(change), encode_cursor(cursor_at(page.reader, entry.lsn)));
  }
}

StreamStep ChangeFeed::next(TimePoint now) {
  if (ended_) return StreamEnd{};
  std::string out;
  const auto page = read();
  if (!page) {
    ended_ = true;
    writer_->error(out, problem_response(page.error()).body);
    return out;
  }
  const auto cursor_of = [&](Lsn lsn) { return encode_cursor(cursor_at(page->reader, lsn)); };
  Lsn& position = wanted_.options.after;
  if (!begun_) writer_->begin(out, cursor_of(position), page->reader.last_lsn());
  begun_ = true;
  position = page->examined;
  append_changes(out, *page);
  if (out.empty() && now >= heartbeat_at_) {
    writer_->heartbeat(out, cursor_of(position), page->reader.last_lsn());
  }
  if (out.empty()) return StreamPause{position, heartbeat_at_};
  heartbeat_at_ = now + wanted_.heartbeat;
  return out;
}

}  // namespace

Stream stream_changes(const TenantManager& tenants, ChangeQuery wanted) {
  Stream stream;
  stream.head.headers["Content-Type"] =
      wanted.feed == Feed::sse ? "text/event-stream" : "application/x-ndjson";
  stream.head.headers["Cache-Control"] = "no-store";
  // Proxies that collect answers before they pass them on would hold changes back; nginx asks this.
  stream.head.headers["X-Accel-Buffering"] = "no";
  stream.tenant = wanted.tenant;
  stream.source = std::make_unique<ChangeFeed>(tenants, std::move(wanted));
  return stream;
}

}  // namespace syncline::api
