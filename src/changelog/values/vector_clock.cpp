#include "syncline/vector_clock.hpp"

#include <algorithm>

namespace syncline {
namespace {

using Entry = VectorClock::Entry;

// The same node as the common case, without a call: two loads and two comparisons.
inline bool same_node(const NodeId& left, const NodeId& right) noexcept {
  std::uint64_t a[2];
  std::uint64_t b[2];
  std::memcpy(a, left.data(), sizeof a);
  std::memcpy(b, right.data(), sizeof b);
  return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

template <typename Entries>
auto find_position(Entries& entries, const NodeId& node) noexcept {
  return std::lower_bound(entries.begin(), entries.end(), node,
                          [](const Entry& entry, const NodeId& id) { return entry.node < id; });
}

CausalOrder order_of(bool left_lacks, bool right_lacks) noexcept {
  if (left_lacks) return right_lacks ? CausalOrder::concurrent : CausalOrder::before;
  return right_lacks ? CausalOrder::after : CausalOrder::equal;
}

}  // namespace

std::string_view to_string(CausalOrder order) noexcept {
  switch (order) {
    case CausalOrder::equal:
      return "equal";
    case CausalOrder::before:
      return "before";
    case CausalOrder::after:
      return "after";
    case CausalOrder::concurrent:
      break;
  }
  return "concurrent";
}

CausalOrder mirrored(CausalOrder order) noexcept {
  if (order == CausalOrder::before) return CausalOrder::after;
  if (order == CausalOrder::after) return CausalOrder::before;
  return order;
}

VectorClock::VectorClock(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) raise(entry.node, entry.seq);
}

Sequence VectorClock::get(const NodeId& node) const noexcept {
  const auto position = find_position(entries_, node);
  return position != entries_.end() && position->node == node ? position->seq : 0;
}

void VectorClock::set(const NodeId& node, Sequence seq) {
  const auto position = find_position(entries_, node);
  const bool found = position != entries_.end() && position->node == node;
  if (seq == 0) {
    if (found) entries_.erase(position);
  } else if (found) {
    position->seq = seq;
  } else {
    entries_.insert(position, Entry{node, seq});
  }
}

void VectorClock::raise(const NodeId& node, Sequence seq) {
  if (seq == 0) return;
  const auto position = find_position(entries_, node);
  if (position != entries_.end() && position->node == node) {
    position->seq = std::max(position->seq, seq);
  } else {
    entries_.insert(position, Entry{node, seq});
  }
}

Sequence VectorClock::increment(const NodeId& node) {
  const Sequence next = get(node) + 1;
  set(node, next);
  return next;
}

void VectorClock::merge(const VectorClock& other) {
  auto mine = entries_.begin();
  auto theirs = other.entries_.begin();
  // Clocks that meet have mostly seen the same nodes: then nothing has to move.
  while (mine != entries_.end() && theirs != other.entries_.end()) {
    if (same_node(mine->node, theirs->node)) {
      mine->seq = std::max(mine->seq, theirs->seq);
      ++theirs;
    } else if (theirs->node < mine->node) {
      break;
    }
    ++mine;
  }
  if (theirs == other.entries_.end()) return;

  std::vector<Entry> merged(entries_.begin(), mine);
  merged.reserve(entries_.size() + static_cast<std::size_t>(other.entries_.end() - theirs));
  while (mine != entries_.end() && theirs != other.entries_.end()) {
    if (same_node(mine->node, theirs->node)) {
      merged.push_back({mine->node, std::max(mine->seq, theirs->seq)});
      ++mine;
      ++theirs;
    } else {
      merged.push_back(mine->node < theirs->node ? *mine++ : *theirs++);
    }
  }
  merged.insert(merged.end(), mine, entries_.end());
  merged.insert(merged.end(), theirs, other.entries_.end());
  entries_ = std::move(merged);
}

bool VectorClock::covers(const VectorClock& other) const noexcept {
  if (other.entries_.size() > entries_.size()) return false;
  auto mine = entries_.begin();
  for (const Entry& entry : other.entries_) {
    while (mine != entries_.end() && !same_node(mine->node, entry.node)) {
      if (entry.node < mine->node) return false;
      ++mine;
    }
    if (mine == entries_.end() || mine->seq < entry.seq) return false;
    ++mine;
  }
  return true;
}

CausalOrder VectorClock::compare(const VectorClock& other) const noexcept {
  const Entry* left = entries_.data();
  const Entry* const left_end = left + entries_.size();
  const Entry* right = other.entries_.data();
  const Entry* const right_end = right + other.entries_.size();
  bool left_lacks = false;
  bool right_lacks = false;
  while (left != left_end && right != right_end) {
    if (same_node(left->node, right->node)) {
      left_lacks |= left->seq < right->seq;
      right_lacks |= right->seq < left->seq;
      ++left;
      ++right;
    } else if (left->node < right->node) {
      right_lacks = true;
      ++left;
    } else {
      left_lacks = true;
      ++right;
    }
    if (left_lacks && right_lacks) return CausalOrder::concurrent;
  }
  // No entry is 0, so what is left over on one side is missing on the other.
  return order_of(left_lacks || right != right_end, right_lacks || left != left_end);
}

std::string to_string(const VectorClock& clock) {
  std::string text = "{";
  for (const Entry& entry : clock.entries()) {
    if (text.size() > 1) text += ", ";
    text += entry.node.to_string() + ":" + std::to_string(entry.seq);
  }
  return text += "}";
}

}  // namespace syncline
