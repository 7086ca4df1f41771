// What a server in the foreground tells on standard error, and what it does at its end.
#pragma once

#include <memory>
#include <string>

#include <spdlog/logger.h>

#include "app/command.hpp"
#include "syncline/server.hpp"

namespace syncline::app {

/// The option --log-level, which goes to `level`.
Option log_level_option(std::string& level);
/// A log on standard error of one of the levels that the option accepts.
std::shared_ptr<spdlog::logger> make_server_log(const std::string& level);
/// Requests at info, refused ones at warn, failed ones at error.
void log_access(spdlog::logger& log, const AccessLogLine& line);
/// Says that the signal came and what happens now.
void log_stopping(spdlog::logger& log, int signal);
/// Puts on the disk what may still be on its way there. Errors: `unavailable`.
Result<void> flush_all(const TenantManager& tenants);

}  // namespace syncline::app
