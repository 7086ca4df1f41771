#include "app/server_log.hpp"

#include <csignal>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace syncline::app {

Option log_level_option(std::string& level) {
  return {.name = "--log-level",
          .target = &level,
          .help = "requests are logged at info, refused ones at warn, failed ones at error",
          .value_name = "LEVEL",
          .choices = {"debug", "info", "warn", "error", "off"}};
}

std::shared_ptr<spdlog::logger> make_server_log(const std::string& level) {
  auto log = std::make_shared<spdlog::logger>("syncline",
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_level(spdlog::level::from_str(level));
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  log->flush_on(spdlog::level::warn);
  return log;
}

void log_access(spdlog::logger& log, const AccessLogLine& line) {
  const auto level = line.status >= 500   ? spdlog::level::err
                     : line.status >= 400 ? spdlog::level::warn
                                          : spdlog::level::info;
  log.log(level, "{} {} {} in={} out={} us={} id={}", line.method, line.target, line.status,
          line.bytes_in, line.bytes_out, line.duration_us, line.request_id);
}

void log_stopping(spdlog::logger& log, int signal) {
  log.info("{}: no more connections are taken, requests under way are finished",
           signal == SIGINT ? "SIGINT" : "SIGTERM");
}

Result<void> flush_all(const TenantManager& tenants) {
  for (const auto& tenant : tenants.list()) {
    if (const auto flushed = tenant->replica().flush(); !flushed) return flushed.error();
  }
  return {};
}

}  // namespace syncline::app
