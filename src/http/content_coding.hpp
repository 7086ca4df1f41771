// Compressed bodies: the content codings gzip (RFC 1952) and zstd (RFC 8878).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "syncline/error.hpp"

namespace syncline::http {

/// How the bytes of a body stand for its content.
enum class ContentCoding : std::uint8_t { identity, gzip, zstd };

/// Both directions understand these; the first is preferred. For `Accept-Encoding`.
inline constexpr std::string_view known_codings = "zstd, gzip";

/// Bodies below this many bytes are sent as they are: what is saved would not fill a packet.
inline constexpr std::size_t compress_from_bytes = 1024;

/// The name in `Content-Encoding`.
std::string_view to_string(ContentCoding coding) noexcept;
/// By its name in whatever case; `x-gzip` is gzip, and no name at all is identity. nullopt for a
/// coding that is not known here, or several at once.
std::optional<ContentCoding> coding_from_header(std::string_view content_encoding);

/// What a body of `body_bytes` is best sent as to somebody whose `Accept-Encoding` is `accepted`,
/// weights included: zstd before gzip where both are as welcome. Small bodies are compressed only
/// if `identity` is refused. `identity` if nothing known is accepted.
ContentCoding choose_coding(std::string_view accepted, std::size_t body_bytes);

/// `bytes` in this coding. Throws `std::bad_alloc`.
std::string compress(ContentCoding coding, std::string_view bytes);

/// Undoes `compress`. Takes no more memory than `max_bytes` and the coding's window (at most 8 MiB,
/// which RFC 9659 sets for HTTP), whatever the bytes say. Several gzip members or zstd frames in a
/// row are one body.
/// Errors: `bad_request` naming the coding, for bytes that are malformed or end too early;
/// `too_large` with `limit`.
Result<std::string> decompress(ContentCoding coding, std::string_view bytes, std::size_t max_bytes);

}  // namespace syncline::http
