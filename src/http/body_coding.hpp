// Content codings between a connection and the handler, which knows bodies as they are only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/transport.hpp"

namespace syncline::http {

/// Undoes the coding of the request's body and takes `Content-Encoding` off its headers. nullopt if
/// it can go on to the handler, else the answer: 415 for an unknown coding, 400 for a body that
/// is not what its coding says, 413 for one that is longer than `max_bytes` without it.
std::optional<HttpResponse> decode_body(HttpRequest& request, std::size_t max_bytes);

/// Compresses the answer's body if `accepted`, the request's `Accept-Encoding`, allows it and the
/// body is worth it. Sets `Content-Encoding` and `Vary`.
void encode_body(HttpResponse& response, std::string_view accepted);

/// Tells the client in an answer which codings its requests may have (RFC 9110, 12.5.3).
void name_codings(HttpResponse& response);

}  // namespace syncline::http
