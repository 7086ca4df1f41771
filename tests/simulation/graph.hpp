// All changes that were ever made, and which of them saw which others.
//
// What a change saw is told by what its writer's replica held of the row, as an explicit set. No
// clocks are compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "changelog/conflicts/rebased.hpp"
#include "graph_bits.hpp"
#include "syncline/change.hpp"
#include "syncline/conflict.hpp"

namespace syncline::sim {

/// A place in the graph; `no_node` is none.
using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = 0xFFFFFFFF;
/// The row of what concerns none: markers, voids that took the place of something.
inline constexpr std::uint32_t no_row = 0;

/// One content under one dot. Where ids were used twice, or private changes got another form, a dot
/// has several; these are nodes of their own.
struct Made {
  Dot dot;
  std::uint64_t content = 0;  ///< hash of the record; a stub has that of what it stands for
  HybridTime hlc;
  Operation operation = Operation::void_;
  PayloadFormat format = PayloadFormat::none;
  std::uint64_t data_hash = 0;
  std::uint32_t row = no_row;
  std::uint32_t place = 0;  ///< among the nodes of its row
  Bits saw;                 ///< of its row, all that its writer's replica held
  std::uint64_t stable = 0;
  VectorClock context;  ///< of a marker: its vector
  std::optional<TransactionPart> transaction;
  std::string resolves;  ///< the conflict that its metadata say it settles
  std::optional<Rebased> rebased;
  NodeIndex other_version = no_node;  ///< the next one with the same dot
  /// It got another form while nobody else had it.
  bool revoked = false;
  NodeIndex instead = no_node;  ///< that form
  bool acknowledged = false;    ///< its writer was told that it is written
  bool blind = false;           ///< its writer held nothing of the table, or a part
  bool gone = false;            ///< lost with a disk before anybody else had it
  bool forgotten = false;       ///< an orphaned delete that said what was so already

  bool is_row_change() const noexcept {
    return operation != Operation::void_ && operation != Operation::stable;
  }
};

/// Two concurrent changes of a row with the same row past, by place, in the order of their dots.
struct PartedPair {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  ConflictId id{};
  friend bool operator==(const PartedPair& left, const PartedPair& right) noexcept {
    return left.x == right.x && left.y == right.y;
  }
};

struct RowTruth {
  std::string table;
  std::string row_id;
  std::vector<NodeIndex> nodes;
  Bits changes;  ///< that count: row changes that were not revoked
  std::vector<PartedPair> pairs;
  /// Somebody let go of history that a later change had not seen: which conflicts are found then
  /// depends on who looks.
  bool loose = false;
  std::uint32_t version = 0;  ///< counts what was added and revoked
};

class Graph {
 public:
  explicit Graph(std::string tenant);

  std::uint32_t row_of(std::string_view table, std::string_view row_id);
  std::size_t rows() const noexcept { return rows_.size(); }
  const RowTruth& row(std::uint32_t index) const noexcept { return rows_[index]; }
  void loosen(std::uint32_t index) noexcept { rows_[index].loose = true; }

  std::size_t size() const noexcept { return nodes_.size(); }
  const Made& at(NodeIndex index) const noexcept { return nodes_[index]; }
  Made& at(NodeIndex index) noexcept { return nodes_[index]; }
  const Made& at(std::uint32_t row, std::uint32_t place) const noexcept {
    return nodes_[rows_[row].nodes[place]];
  }

  NodeIndex find(const Dot& dot, std::uint64_t content) const noexcept;
  /// The version that was added last, which leads to the others; `no_node` if there is none.
  NodeIndex latest(const Dot& dot) const noexcept;

  /// Adds what `change` says. `saw` is restricted to its row.
  NodeIndex add(const ChangeView& change, std::uint64_t content, Bits saw);
  /// The node got another form, which is `instead`.
  void revoke(NodeIndex index, NodeIndex instead);
  /// Not so: somebody has it still.
  void revive(NodeIndex index);

  bool saw(std::uint32_t row, std::uint32_t later, std::uint32_t earlier) const noexcept {
    return at(row, later).saw.test(earlier);
  }
  bool is_or_saw(std::uint32_t row, std::uint32_t later, std::uint32_t earlier) const noexcept {
    return later == earlier || saw(row, later, earlier);
  }
  /// The members of `set` that no other one saw.
  Bits maximal(std::uint32_t row, const Bits& set) const;
  bool dated_before(std::uint32_t row, std::uint32_t left, std::uint32_t right) const noexcept;
  std::uint32_t greatest(std::uint32_t row, const Bits& set) const;
  bool same_outcome(std::uint32_t row, std::uint32_t left, std::uint32_t right) const noexcept;

  /// "<origin>:<seq>", the origin by a short number, for people.
  std::string name(const Dot& dot) const;
  std::string name(std::uint32_t row, std::uint32_t place) const {
    return name(at(row, place).dot);
  }
  std::string names(std::uint32_t row, const Bits& set) const;
  std::string row_name(std::uint32_t row) const {
    return rows_[row].table + "/" + rows_[row].row_id;
  }

 private:
  struct Origin {
    NodeId id;
    std::vector<NodeIndex> by_seq;
  };

  Origin* origin_of(const NodeId& id) noexcept;
  const Origin* origin_of(const NodeId& id) const noexcept {
    return const_cast<Graph*>(this)->origin_of(id);
  }
  void pair_up(RowTruth& row, std::uint32_t place);
  void pair_all(RowTruth& row);

  std::string tenant_;
  std::vector<RowTruth> rows_;
  std::vector<Made> nodes_;
  std::vector<Origin> origins_;
};

}  // namespace syncline::sim
