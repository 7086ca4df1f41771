// The date format of HTTP.
#pragma once

#include <cstdint>
#include <string>

namespace syncline::http {

/// E.g. "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale. `us` are microseconds since 1970.
std::string format_http_date(std::uint64_t us);

}  // namespace syncline::http
