// Whether two changes collide, and how.

#include "syncline/conflict.hpp"

namespace syncline {

CausalOrder ConflictDetector::compare(const ChangeView& local, const ChangeView& remote) noexcept {
  if (local.dot == remote.dot) return CausalOrder::equal;
  if (remote.saw(local.dot)) return CausalOrder::before;
  if (local.saw(remote.dot)) return CausalOrder::after;
  return CausalOrder::concurrent;
}

ConflictKind ConflictDetector::classify(Operation local, Operation remote) noexcept {
  constexpr ConflictKind kinds[3][3] = {
      {ConflictKind::insert_insert, ConflictKind::insert_update, ConflictKind::insert_delete},
      {ConflictKind::update_insert, ConflictKind::update_update, ConflictKind::update_delete},
      {ConflictKind::delete_insert, ConflictKind::delete_update, ConflictKind::delete_delete}};
  const auto row_of = [](Operation operation) {
    return operation == Operation::insert ? 0 : operation == Operation::erase ? 2 : 1;
  };
  return kinds[row_of(local)][row_of(remote)];
}

bool ConflictDetector::same_outcome(const ChangeView& left, const ChangeView& right) noexcept {
  const bool left_erased = left.operation == Operation::erase;
  const bool right_erased = right.operation == Operation::erase;
  if (left_erased || right_erased) return left_erased == right_erased;
  return left.format == right.format && left.data == right.data;
}

Detection ConflictDetector::detect(const ChangeView& local, const ChangeView& remote) noexcept {
  Detection detection;
  detection.order = compare(local, remote);
  if (detection.order == CausalOrder::concurrent) {
    detection.kind = classify(local.operation, remote.operation);
    detection.convergent = same_outcome(local, remote);
  }
  return detection;
}

}  // namespace syncline
