// What it means when a request for a WebSocket is answered with something else.
#pragma once

#include <string_view>

#include "syncline/error.hpp"

namespace syncline::http {

/// `protocol_unsupported`: the other side, or something between, speaks no live synchronisation.
Error not_spoken(std::string_view reason);

/// The error for an HTTP answer other than 101: `not_found` or `protocol_unsupported` where
/// requests will do and a WebSocket will not, `unavailable` where coming back later helps, else the
/// problem that the server told.
Error refusal_of(unsigned status, std::string_view content_type, std::string_view retry_after,
                 std::string_view body);

}  // namespace syncline::http
