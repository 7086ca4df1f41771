// A row's payload as given on the command line.
#pragma once

#include <optional>
#include <string>

#include "app/command.hpp"

namespace syncline::app {

/// The bytes of a payload: `words` themselves, "@file", "-" (standard input), or, without any,
/// standard input. Errors: `not_found` for the file; `bad_request` if nothing is given and standard
/// input is a terminal; `invalid_change` if `format` is json and the bytes are not.
Result<std::string> read_payload(Session& session, const std::optional<std::string>& words,
                                 const std::string& format);

/// The media type that says to the server what the payload is; `format` is one of
/// `payload_formats`.
std::string media_type(const std::string& format);

/// json, msgpack, bytes.
std::vector<std::string> payload_formats();

}  // namespace syncline::app
