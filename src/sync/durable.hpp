// What may leave this node: nothing that a crash could take back.
#pragma once

#include <string_view>

#include "sync/messages.hpp"
#include "syncline/replica.hpp"

namespace syncline {

/// `replica.summary()` as far as it is durable.
VectorClock durable_summary(const Replica& replica);

/// `clock` with the chain hash of each origin that `replica` holds whole up to there.
WireClock wire_clock(const Replica& replica, const VectorClock& clock);

/// `read_log` of the durable part of the log. Errors: those of `read_log`; `cursor_trimmed` if the
/// log begins behind `options.after`, so that nothing is passed over. For what is about to leave:
/// own changes up to where the page ends are private no more, but with the log called `receiver`
/// (empty: with somebody without a name). See `Replica::mark_sent`.
Result<ReadPage> read_durable(const Replica& replica, const ReadOptions& options,
                              std::string_view receiver = {});

}  // namespace syncline
