#include "graph.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "syncline/record.hpp"

namespace syncline::sim {
namespace {

std::string resolves_of(const Metadata& metadata) {
  const auto found = metadata.find("resolves");
  return found == metadata.end() ? std::string() : found->second;
}

}  // namespace

Graph::Graph(std::string tenant) : tenant_(std::move(tenant)), rows_(1) { nodes_.reserve(64); }

std::uint32_t Graph::row_of(std::string_view table, std::string_view row_id) {
  if (table.empty()) return no_row;
  for (std::size_t i = 1; i < rows_.size(); ++i) {
    if (rows_[i].row_id == row_id && rows_[i].table == table) return static_cast<std::uint32_t>(i);
  }
  RowTruth row;
  row.table = table;
  row.row_id = row_id;
  rows_.push_back(std::move(row));
  return static_cast<std::uint32_t>(rows_.size() - 1);
}

Graph::Origin* Graph::origin_of(const NodeId& id) noexcept {
  const auto found = std::find_if(origins_.begin(), origins_.end(),
                                  [&](const Origin& origin) { return origin.id == id; });
  return found == origins_.end() ? nullptr : &*found;
}

NodeIndex Graph::latest(const Dot& dot) const noexcept {
  const Origin* origin = origin_of(dot.origin);
  if (origin == nullptr || dot.seq >= origin->by_seq.size()) return no_node;
  return origin->by_seq[dot.seq];
}

NodeIndex Graph::find(const Dot& dot, std::uint64_t content) const noexcept {
  NodeIndex index = latest(dot);
  while (index != no_node && nodes_[index].content != content) index = nodes_[index].other_version;
  return index;
}

NodeIndex Graph::add(const ChangeView& change, std::uint64_t content, Bits saw) {
  Made made;
  made.dot = change.dot;
  made.content = content;
  made.hlc = change.hlc;
  made.operation = change.operation;
  made.format = change.format;
  made.data_hash = data_hash(change);
  made.row = row_of(change.table, change.row_id);
  made.saw = std::move(saw);
  made.stable = change.stable;
  made.context = change.context.to_clock();
  if (change.tail.size() > 2) {
    made.transaction = change.transaction();
    made.resolves = resolves_of(change.metadata());
    made.rebased = rebased_of(change);
  }
  RowTruth& row = rows_[made.row];
  const auto index = static_cast<NodeIndex>(nodes_.size());
  made.place = static_cast<std::uint32_t>(row.nodes.size());
  Origin* origin = origin_of(made.dot.origin);
  if (origin == nullptr) origin = &origins_.emplace_back(Origin{made.dot.origin, {}});
  if (origin->by_seq.size() <= made.dot.seq) origin->by_seq.resize(made.dot.seq + 1, no_node);
  made.other_version = origin->by_seq[made.dot.seq];
  origin->by_seq[made.dot.seq] = index;
  row.nodes.push_back(index);
  if (made.is_row_change()) row.changes.set(made.place);
  ++row.version;
  nodes_.push_back(std::move(made));
  if (nodes_.back().is_row_change()) pair_up(row, nodes_.back().place);
  return index;
}

void Graph::revoke(NodeIndex index, NodeIndex instead) {
  Made& made = nodes_[index];
  made.instead = instead;
  if (std::exchange(made.revoked, true)) return;
  rows_[made.row].changes.reset(made.place);
  pair_all(rows_[made.row]);
}

void Graph::revive(NodeIndex index) {
  Made& made = nodes_[index];
  if (!std::exchange(made.revoked, false)) return;
  if (made.is_row_change()) rows_[made.row].changes.set(made.place);
  pair_all(rows_[made.row]);
}

/// Concurrent changes with the same row past, voids left out.
void Graph::pair_up(RowTruth& row, std::uint32_t place) {
  const Made& made = nodes_[row.nodes[place]];
  row.changes.for_each([&](std::uint32_t other_place) {
    if (other_place == place) return;
    const Made& other = nodes_[row.nodes[other_place]];
    if (made.saw.test(other_place) || other.saw.test(place) || made.dot == other.dot) return;
    if (!((made.saw & row.changes) == (other.saw & row.changes))) return;
    const bool ordered = made.dot < other.dot;
    PartedPair pair;
    pair.x = ordered ? place : other_place;
    pair.y = ordered ? other_place : place;
    if (std::find(row.pairs.begin(), row.pairs.end(), pair) != row.pairs.end()) return;
    const Dot& x = ordered ? made.dot : other.dot;
    const Dot& y = ordered ? other.dot : made.dot;
    pair.id = conflict_id(tenant_, row.table, row.row_id, x, y);
    row.pairs.push_back(pair);
  });
}

void Graph::pair_all(RowTruth& row) {
  ++row.version;
  row.pairs.clear();
  row.changes.for_each([&](std::uint32_t place) { pair_up(row, place); });
}

Bits Graph::maximal(std::uint32_t row, const Bits& set) const {
  Bits seen;
  set.for_each([&](std::uint32_t place) { seen |= at(row, place).saw; });
  return set - seen;
}

bool Graph::dated_before(std::uint32_t row, std::uint32_t left,
                         std::uint32_t right) const noexcept {
  const Made& a = at(row, left);
  const Made& b = at(row, right);
  return std::tie(a.hlc.value, a.dot.origin, a.dot.seq) <
         std::tie(b.hlc.value, b.dot.origin, b.dot.seq);
}

std::uint32_t Graph::greatest(std::uint32_t row, const Bits& set) const {
  std::uint32_t found = no_node;
  set.for_each([&](std::uint32_t place) {
    if (found == no_node || dated_before(row, found, place)) found = place;
  });
  return found;
}

bool Graph::same_outcome(std::uint32_t row, std::uint32_t left,
                         std::uint32_t right) const noexcept {
  const Made& a = at(row, left);
  const Made& b = at(row, right);
  const bool a_deleted = a.operation == Operation::erase;
  const bool b_deleted = b.operation == Operation::erase;
  if (a_deleted || b_deleted) return a_deleted && b_deleted;
  return a.format == b.format && a.data_hash == b.data_hash;
}

std::string Graph::name(const Dot& dot) const {
  const Origin* origin = origin_of(dot.origin);
  const std::string number = ":" + std::to_string(dot.seq);
  if (origin == nullptr) return dot.origin.to_string().substr(0, 8) + number;
  return "o" + std::to_string(origin - origins_.data()) + number;
}

std::string Graph::names(std::uint32_t row, const Bits& set) const {
  std::string text = "{";
  set.for_each([&](std::uint32_t place) {
    if (text.size() > 1) text += ", ";
    const Made& made = at(row, place);
    text += name(made.dot);
    // Of several contents under one dot, the how manieth.
    if (latest(made.dot) != rows_[row].nodes[place] || made.other_version != no_node) {
      text += "/" + std::to_string(place);
    }
    text += " " + std::string(to_string(made.operation));
  });
  return text + "}";
}

}  // namespace syncline::sim
