// Lists of changes as consumers get them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sync/body.hpp"
#include "syncline/replica.hpp"

namespace syncline::api {

/// What is shown beside each change.
struct ShowOptions {
  bool before = false;     ///< the payload of the head that it replaced
  bool conflicts = false;  ///< those that it is a side of
};

/// Ends the page before the before images in it come to more than `max_bytes`; one change, or one
/// transaction, always fits.
void limit_before_images(ReadPage& page, std::size_t max_bytes);

/// Appends one change as a page in JSON has it: with its `lsn`, `received_at` and what else is
/// asked for inside. Requires that `reader` has it.
void append_change(std::string& out, const Replica& replica, const LogReader& reader,
                   const LogEntry& entry, const ShowOptions& show, JsonPayload payload);

/// Writes `{changes: […], …members}`. In JSON each change has its `lsn`, `received_at` and what
/// else is asked for inside; in MessagePack, where records stay as they are, lists called `lsns`,
/// `received_at`, `before` and `conflicts` run beside them. `members` is an object.
/// Requires that `reader` has the entries.
std::string write_change_page(const Replica& replica, const LogReader& reader,
                              std::span<const LogEntry> entries, const ShowOptions& show,
                              const nlohmann::json& members, BodyFormat format,
                              JsonPayload payload);

/// One change alone, with its LSN and time of arrival in JSON.
std::string write_change(const LogEntry& entry, BodyFormat format, JsonPayload payload);

}  // namespace syncline::api
