// Whether two changes collide, and how.

#include "changelog/codec/record_format.hpp"
#include "changelog/mutation.hpp"
#include "syncline/conflict.hpp"
#include "syncline/record.hpp"

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

namespace {

/// The whole view of a change of which perhaps only the front was looked at.
ChangeView with_tail(const ChangeView& front) noexcept {
  const bool is_front = front.record.empty() && front.record.data() != nullptr;
  return is_front ? view_trusted_record(front.record.data()) : front;
}

bool same_data(const ChangeView& left, const ChangeView& right) noexcept {
  // Only what is as short as a hash can be a stub.
  const bool perhaps_stub =
      left.data.size() == codec::hash_bytes_size || right.data.size() == codec::hash_bytes_size;
  if (!perhaps_stub) return left.data == right.data;
  const ChangeView one = with_tail(left);
  const ChangeView other = with_tail(right);
  if (is_stub(one) == is_stub(other)) return one.data == other.data;
  return data_hash(one) == data_hash(other);
}

}  // namespace

bool ConflictDetector::same_outcome(const ChangeView& left, const ChangeView& right) noexcept {
  const bool left_erased = left.operation == Operation::erase;
  const bool right_erased = right.operation == Operation::erase;
  if (left_erased || right_erased) return left_erased == right_erased;
  if (mutated(Mutation::equal_bytes_differ)) return false;
  return left.format == right.format && same_data(left, right);
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
