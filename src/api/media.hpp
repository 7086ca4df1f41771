// Formats of bodies: what was sent, and what is wanted back.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sync/body.hpp"
#include "syncline/transport.hpp"

namespace syncline::api {

/// The value of the header called `name`, empty if there is none.
std::string_view header(const HttpRequest& request, std::string_view name);

/// The media type of the body in lower case without parameters; "application/json" if unnamed.
std::string content_type(const HttpRequest& request);

/// The format that `Accept` prefers; JSON if it says nothing.
/// Errors: `protocol_unsupported` with `supported`.
Result<BodyFormat> accepted_format(const HttpRequest& request);

/// The body as a document. Errors: `unsupported_media_type`, `bad_request`.
Result<nlohmann::json> read_body(const HttpRequest& request);
/// The same where only an object makes sense.
Result<nlohmann::json> read_object(const HttpRequest& request);
/// Whoever carries requests has undone the codings that it knows: what is left, nobody can read.
/// Errors: `unsupported_media_type` for a body that is still coded.
Result<void> check_content_encoding(const HttpRequest& request);

/// A whole answer.
HttpResponse body_response(const nlohmann::json& body, BodyFormat format,
                           JsonPayload payload = JsonPayload::text, unsigned status = 200);
/// The same for a body that is written already.
HttpResponse text_response(std::string body, BodyFormat format, unsigned status = 200);

}  // namespace syncline::api
