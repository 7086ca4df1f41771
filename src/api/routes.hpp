// The one table of what can be asked for.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"

namespace syncline::api {

/// Whom a route serves.
enum class Audience : std::uint8_t {
  anyone,  ///< health checks
  admin,   ///< those who run the server; counts against no plan
  tenant,  ///< users of the tenant that the path names; counts against its plan
};

struct Route {
  std::string_view method;
  /// Segments in braces are parameters; "{tenant}" names the tenant.
  std::string_view path;
  Audience audience;
  Handler handler;
  /// It can answer with a stream, whose types `Accept` may name; its handler sees to that.
  bool streams = false;
};

std::span<const Route> routes();

/// What a method and a path lead to.
struct Match {
  const Route* route = nullptr;  ///< null: nothing here answers to the method
  std::string tenant;            ///< decoded
  std::vector<std::string> parameters;
  /// The methods that the path knows, for `Allow`; empty if there is nothing at all.
  std::string allowed;
};

/// Finds the route for a path without query. Errors: `bad_request` for malformed escapes.
Result<Match> match_route(std::string_view method, std::string_view path);

}  // namespace syncline::api
