// What is kept of peers, servers and consumers in a replica's properties. The first byte says of
// which.
#include "support/check.hpp"
#include "support/input.hpp"
#include "sync/consumers.hpp"
#include "sync/peer_record.hpp"
#include "sync/remote_state.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

void check_peer(std::string_view bytes) {
  const Result<Peer> peer = decode_peer(bytes);
  if (!peer) {
    check_error(peer.error());
    FUZZ_CHECK(peer.error().code == ErrorCode::internal);
    return;
  }
  const std::string written = encode_peer(*peer);
  const Result<Peer> again = decode_peer(written);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(encode_peer(*again) == written);
}

std::unique_ptr<Replica> empty_replica() {
  static ManualClock clock{1'700'000'000'000'000};
  static SeededRandom random{7};
  Replica::Options options;
  options.clock = &clock;
  options.random = &random;
  Result<std::unique_ptr<Replica>> opened = Replica::open(options);
  FUZZ_CHECK(opened.has_value());
  return std::move(*opened);
}

void check_remote(std::string_view bytes) {
  const std::unique_ptr<Replica> replica = empty_replica();
  FUZZ_CHECK(replica->set_property("remote/r", std::string(bytes)).has_value());
  const std::optional<RemoteState> state = load_remote(*replica, "r");
  if (!state) return;
  FUZZ_CHECK(save_remote(*replica, "r", *state).has_value());
  const std::optional<RemoteState> again = load_remote(*replica, "r");
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->server_node == state->server_node && again->cursor == state->cursor);
  FUZZ_CHECK(again->settings_version == state->settings_version);
  FUZZ_CHECK(again->dropping == state->dropping && again->delivered == state->delivered);
}

void check_consumer(std::string_view bytes) {
  const std::unique_ptr<Replica> replica = empty_replica();
  FUZZ_CHECK(replica->set_property("consumer/c", std::string(bytes)).has_value());
  const Consumers consumers(*replica);
}

}  // namespace

void properties(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t selector = input.byte();
  const ExactCopy copy(input.rest());
  switch (selector % 3) {
    case 0:
      return check_peer(copy.text());
    case 1:
      return check_remote(copy.text());
    default:
      return check_consumer(copy.text());
  }
}

}  // namespace syncline::fuzz
