// How many columns a text takes on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace syncline::app {

/// Columns that the UTF-8 text takes: 2 for East Asian wide characters and emoji, 0 for combining
/// marks, 1 for any byte that is not UTF-8. Requires text without control characters.
std::size_t text_width(std::string_view text) noexcept;

/// The text in at most `width` columns; what is cut off is shown by an ellipsis.
std::string cut_to_width(std::string_view text, std::size_t width);

/// The text in one line and harmless to a terminal: control characters become spaces, bytes that
/// are not UTF-8 become U+FFFD.
std::string printable(std::string_view text);

}  // namespace syncline::app
