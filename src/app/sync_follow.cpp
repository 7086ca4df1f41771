#include "app/sync_follow.hpp"

#include "app/edge_directory.hpp"
#include "app/edge_exchange.hpp"
#include "app/stop_signals.hpp"

namespace syncline::app {

Result<ExitCode> follow_server(Session& session, const std::string& directory,
                               const std::string& token,
                               const std::optional<std::uint64_t>& interval_ms) {
  const StopSignals signals;  // before any thread starts
  auto edge = EdgeDirectory::open(directory);
  if (!edge) return edge.error();
  EdgeExchange::Options options;
  options.token = token;
  options.interval_ms = interval_ms;
  EdgeExchange exchange(session, *edge, std::move(options));
  if (const auto added = exchange.add_server(); !added) return added.error();
  exchange.run(signals);
  exchange.stop();
  if (const auto failure = exchange.failure()) return *failure;
  return ExitCode::ok;
}

}  // namespace syncline::app
