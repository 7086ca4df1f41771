// The server's side of live synchronisation, without a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "sync/hub.hpp"
#include "sync/live_frames.hpp"
#include "sync/message_session.hpp"

namespace syncline {

/// Answers that may wait to be written. While there are more, or they are longer together, no frame
/// is read: a client that only asks and never reads costs no more memory than this and one message.
inline constexpr std::size_t max_unsent_answers = 16;
inline constexpr std::size_t max_unsent_answer_bytes = std::size_t{1} << 20;

/// One replica's live connection to one tenant. Frames that ask for something are answered in
/// order, each with its id. Beside the answers runs one stream of `changes`, from the cursor of the
/// last pull on, as far as the client grants credit: pages are made when they can be written, so
/// nothing queues, and each has what is new by then.
class LiveSession final : public MessageSession {
 public:
  /// Decides about each frame that asks for something, before it is done.
  using Admit = std::function<Result<void>()>;

  /// `hub` has to outlive the session.
  LiveSession(Hub& hub, Hub::TenantPointer tenant, Admit admit);

  void on_message(const LiveMessage& message) override;
  bool wants_input() const override;
  std::optional<LiveMessage> next_message() override;
  std::optional<LiveClosing> closing() const override { return closing_; }

 private:
  /// The stream of changes that a pull began.
  struct Stream {
    std::uint64_t id = 0;
    PullRequest request;  ///< `cursor` is behind all that was sent or passed over
    Lsn examined = 0;
    /// The client is owed a frame even without changes: it was told that there is more, or it was
    /// not told yet where it stands.
    bool owes_frame = true;
    Lsn said = 0;            ///< `examined` as of the frame that was sent last
    bool place_due = false;  ///< the client is to be told where it stands if that is beyond `said`
  };

  /// What is answered at once: nothing to `pull` and `credit`.
  using Answer = std::optional<LiveBody>;

  Result<Answer> perform(LiveFrame&& frame);
  Result<Answer> register_caller(const RegisterRequest& request);
  Result<Answer> begin_stream(std::uint64_t id, PullRequest&& request);
  Result<Answer> beat(const HeartbeatRequest& request);
  void add_credit(const LiveCredit& credit);
  /// `node` becomes that of the registered caller. Errors: `peer_stale`, `bad_request`.
  Result<void> check_caller(NodeId& node) const;

  void answer(std::uint64_t id, LiveBody body);
  void close_after(std::uint64_t id, const Error& error, std::uint16_t code);
  std::optional<LiveMessage> take_answer();
  std::optional<LiveMessage> next_changes();
  bool has_news() const;
  LiveMessage write(const LiveFrame& frame) const;

  Hub& hub_;
  const Hub::TenantPointer tenant_;
  const Admit admit_;
  std::optional<BodyFormat> format_;  ///< that of the first frame
  JsonPayload payload_ = JsonPayload::text;
  NodeId caller_;  ///< nil until it has registered
  std::optional<Stream> stream_;
  /// What may still be sent. Below 0 after a transaction that was larger than what was left.
  std::int64_t credit_changes_ = 0;
  std::int64_t credit_bytes_ = 0;
  std::deque<LiveMessage> answers_;
  std::size_t answer_bytes_ = 0;
  bool changes_next_ = false;  ///< answers and changes take turns, so that neither starves
  std::optional<LiveClosing> closing_;
};

}  // namespace syncline
