// What a round of synchronisation did, for people and for programs.
#pragma once

#include "app/command.hpp"
#include "app/sync_round.hpp"

namespace syncline::app {

/// True if there is nothing to tell.
bool is_idle(const EdgeRound& round);
/// One line, and one for each thing that is out of the ordinary; or one object.
void print_round(Session& session, const EdgeRound& round);
/// To the error stream, one line each.
void print_rejections(Session& session, const SyncReport& report);

}  // namespace syncline::app
