// The front of a record: all that a merge asks of a row's head.
#pragma once

#include "syncline/change.hpp"

namespace syncline::codec {

/// As `view_trusted_record`, but does not go behind the data: `tail` and `record` stay empty, so
/// that transaction, metadata and size cannot be told; `record` points to where they can be. Where
/// the head of a row is looked up all over the log, the line of memory behind its data would cost
/// as much as all the rest.
ChangeView view_trusted_front(const std::uint8_t* bytes) noexcept;

}  // namespace syncline::codec
