// Is this text what it claims to be? Asked of every string and payload that comes in.
#pragma once

#include <cstddef>
#include <string_view>

#include "syncline/limits.hpp"

namespace syncline::codec {

/// The number of bytes of the UTF-8 sequence at the beginning of `text`; 0 if there is no valid
/// one.
std::size_t utf8_sequence(std::string_view text) noexcept;

/// True if all of `text` is UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text) noexcept;

/// Room for what wraps a payload in a message: the change, its list, the body, a frame.
inline constexpr std::size_t wrapper_nesting = 8;

/// True if `text` is one JSON value of RFC 8259 in UTF-8, without a byte order mark, nested at most
/// `max_nesting` deep, and every number in it is finite as a double: what any JSON library reads.
/// Requires max_nesting <= limits::max_nesting + wrapper_nesting.
bool is_json(std::string_view text, std::size_t max_nesting = limits::max_nesting);

}  // namespace syncline::codec
