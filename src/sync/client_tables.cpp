// The session's part on tables: going on with others than before.
//
// A round first brings both sides to the same by the tables that it began with. If some are new it
// takes a snapshot of all that are wanted, registers with these, and pulls on from the snapshot's
// place. The former place would not do: between it and the snapshot lie changes of tables that were
// here before, and they would come behind later ones of the same origin. Last it drops what is not
// wanted any more. Nothing is kept before the registration, so that a crash begins all of it anew,
// and what is to be dropped is kept with it, so that it is not forgotten.

#include <algorithm>
#include <iterator>
#include <utility>

#include "sync/client_session.hpp"
#include "sync/remote_state.hpp"

namespace syncline {
namespace {

using Names = std::vector<std::string>;

/// Those of `all` that are not in `without`. Both are sorted.
Names difference(const Names& all, const Names& without) {
  Names rest;
  std::set_difference(all.begin(), all.end(), without.begin(), without.end(),
                      std::back_inserter(rest));
  return rest;
}

}  // namespace

/// What is left to do for the wanted tables when both sides are equal; false: nothing.
bool ClientSession::change_tables() {
  const Names& wanted = options_.tables;
  if (tables_ == wanted) return false;
  const bool more = wanted.empty() || (!tables_.empty() && !difference(wanted, tables_).empty());
  if (more) {
    begin_snapshot_of(wanted, SnapshotUse::added);
  } else {
    switch_tables();
  }
  return true;
}

/// What a former change left to be dropped is still to be, unless it is wanted again.
void ClientSession::leave_to_be_dropped(std::vector<std::string> held) {
  const Names& wanted = options_.tables;
  if (wanted.empty()) return dropping_.clear();
  held.insert(held.end(), dropping_.begin(), dropping_.end());
  std::sort(held.begin(), held.end());
  held.erase(std::unique(held.begin(), held.end()), held.end());
  dropping_ = difference(held, wanted);
}

/// Where no place in the server's log is known, as after a crash that came before it was kept,
/// nothing tells by which tables it was pulled what is here.
void ClientSession::note_unwanted() { leave_to_be_dropped(replica_.tables()); }

/// Registers with the wanted tables next. Nothing is pulled by the former ones between a snapshot
/// of the new ones and this: what these got since then would be passed over.
void ClientSession::switch_tables() {
  leave_to_be_dropped(tables_.empty() ? replica_.tables() : tables_);
  tables_ = options_.tables;
  switching_ = true;
  planner_.set_only_own(!tables_.empty());
  registered_ = false;
  pulled_all_ = false;
}

/// Drops what is not wanted any more, unless somebody wrote there what the server lacks: then a
/// later round does.
Result<void> ClientSession::drop_unwanted() {
  if (dropping_.empty() || tables_ != options_.tables) return {};
  const Names unwanted = difference(dropping_, tables_);
  const Result<void> dropped = replica_.drop_tables(unwanted, planner_.server_clock());
  if (!dropped && dropped.error().code == ErrorCode::precondition_failed) return {};
  if (!dropped) return dropped;
  dropping_.clear();
  return remember();
}

}  // namespace syncline
