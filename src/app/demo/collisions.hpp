// The edits of the demo that collide, planned so that every kind of conflict occurs.
#pragma once

#include <string>
#include <vector>

#include "app/demo/edge.hpp"
#include "syncline/conflict.hpp"

namespace syncline::app {

/// What the two edges do to one row while neither hears of the other.
struct Collision {
  /// The kind as the cloud sees it: edge A comes back first, so its side is the local one.
  ConflictKind kind = ConflictKind::update_update;
  bool convergent = false;  ///< both sides leave the same bytes
  /// Edge A's edits come before edge B heard from the cloud for the last time (then B is dated
  /// later, whatever its clock says), or after B's edits.
  bool a_first = false;
  std::string table;
  std::string row_id;
  std::vector<Edit> a;
  std::vector<Edit> b;
};

/// At least one of each of the eight kinds, and convergent ones. Updates and deletes are of rows
/// that iso-codes has, inserts of codes that ISO reserves and does not list.
std::vector<Collision> planned_collisions();

}  // namespace syncline::app
