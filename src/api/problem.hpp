// Errors as answers.
#pragma once

#include <nlohmann/json.hpp>

#include "syncline/error.hpp"
#include "syncline/transport.hpp"

namespace syncline::api {

/// `application/problem+json` with the status of the error's code, and `Retry-After` where coming
/// back later helps. `members` is an object of further members, or null.
HttpResponse problem_response(const Error& error, const nlohmann::json& members = nullptr);

}  // namespace syncline::api
