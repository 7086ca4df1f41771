#include "syncline/sync_client.hpp"

#include <chrono>
#include <utility>

#include "sync/client_session.hpp"

namespace syncline {
namespace {

ClientSession::Options session_options(const SyncClient::Options& options) {
  ClientSession::Options session;
  session.tenant = options.tenant;
  session.remote = options.remote;
  session.name = options.name;
  session.format = options.json ? BodyFormat::json : BodyFormat::msgpack;
  session.batch_changes = options.batch_changes;
  session.batch_bytes = options.batch_bytes;
  session.tables = options.tables;
  session.priority_tables = options.priority_tables;
  return session;
}

}  // namespace

/// Carries the session's requests.
struct SyncClient::Impl {
  Impl(Replica& replica, Transport& carrier, Options given)
      : transport(carrier), options(std::move(given)), session(replica, session_options(options)) {}

  Result<SyncReport> drive();

  Transport& transport;
  const Options options;
  ClientSession session;
};

Result<SyncReport> SyncClient::Impl::drive() {
  const TransportStatistics before = transport.statistics();
  const auto begun = std::chrono::steady_clock::now();
  const auto report = [&] {
    SyncReport now = session.report();
    const TransportStatistics after = transport.statistics();
    now.requests = after.requests - before.requests;
    now.bytes_sent = after.bytes_sent - before.bytes_sent;
    now.bytes_received = after.bytes_received - before.bytes_received;
    now.body_bytes = after.body_bytes_sent + after.body_bytes_received - before.body_bytes_sent -
                     before.body_bytes_received;
    const auto passed = std::chrono::steady_clock::now() - begun;
    now.duration_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
    return now;
  };
  while (const std::optional<HttpRequest> request = session.next_request()) {
    const Result<HttpResponse> response = transport.send(*request);
    if (!response) {
      session.on_connection_lost();
      return response.error();
    }
    const Result<void> taken = session.on_response(*response);
    if (options.on_progress) options.on_progress(report());
    if (!taken) return taken.error();
  }
  return report();
}

SyncClient::SyncClient(Replica& replica, Transport& transport, Options options)
    : impl_(std::make_unique<Impl>(replica, transport, std::move(options))) {}

SyncClient::~SyncClient() = default;

Result<SyncReport> SyncClient::sync() {
  impl_->session.begin_round();
  return impl_->drive();
}

Result<SyncReport> SyncClient::bootstrap() {
  impl_->session.begin_bootstrap();
  return impl_->drive();
}

NodeId SyncClient::server_node() const noexcept { return impl_->session.server_node(); }

}  // namespace syncline
