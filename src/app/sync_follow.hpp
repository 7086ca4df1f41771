// `syncline sync --follow`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/command.hpp"

namespace syncline::app {

/// Keeps an edge's directory in sync until the program is told to stop: over a live connection, or
/// by a round every `interval_ms`. Errors: those of opening, with advice; `unauthorized`,
/// `forbidden`, `tenant_not_found` and the like from the server.
Result<ExitCode> follow_server(Session& session, const std::string& directory,
                               const std::string& token,
                               const std::optional<std::uint64_t>& interval_ms);

}  // namespace syncline::app
