// Filtered reading: what an index can pass over is not looked at.

#include <algorithm>

#include "changelog/log/storage.hpp"
#include "changelog/mutation.hpp"
#include "syncline/change_log.hpp"

namespace syncline {
namespace {

using log_internal::block_changes;
using log_internal::BlockSummary;
using log_internal::origin_bit;
using log_internal::table_bit;

/// A read's conditions in the form in which they are tested.
class Filter {
 public:
  explicit Filter(const ReadOptions& options) : options_(options) {
    for (const std::string& table : options.tables) tables_ |= table_bit(table);
    for (const NodeId& origin : options.origins) origins_ |= origin_bit(origin);
    for (const Operation operation : options.operations) operations_ |= bit_of(operation);
    if (!options.include_markers) {
      const std::uint8_t rows = static_cast<std::uint8_t>(
          bit_of(Operation::insert) | bit_of(Operation::update) | bit_of(Operation::erase));
      operations_ = operations_ == 0 ? rows : static_cast<std::uint8_t>(operations_ & rows);
      nothing_left_ = operations_ == 0;
    }
  }

  /// False if no change of the block can match.
  bool may_match(const BlockSummary& block) const noexcept {
    // Markers pass every filter by table, so a block that holds one has to be looked at.
    const bool markers = (block.operations & bit_of(Operation::stable)) != 0;
    if (nothing_left_) return false;
    if (tables_ != 0 && (tables_ & block.tables) == 0 && !markers) return false;
    if (origins_ != 0 && (origins_ & block.origins) == 0) return false;
    return operations_ == 0 || (operations_ & block.operations) != 0;
  }

  bool matches(const ChangeView& change) const {
    if (operations_ != 0 && (operations_ & bit_of(change.operation)) == 0) return false;
    if (options_.except_origin && *options_.except_origin == change.dot.origin) return false;
    if (options_.not_covered_by != nullptr && options_.not_covered_by->covers(change.dot)) {
      return false;
    }
    if (!options_.origins.empty() && !contains(options_.origins, change.dot.origin)) return false;
    return change.operation == Operation::stable || matches_table(change);
  }

 private:
  static constexpr std::uint8_t bit_of(Operation operation) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(operation));
  }
  template <typename List, typename Item>
  static bool contains(const List& list, const Item& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  }
  bool matches_table(const ChangeView& change) const {
    if (!options_.tables.empty() && !contains(options_.tables, change.table)) return false;
    if (contains(options_.exclude_tables, change.table)) return false;
    return !options_.row_id || *options_.row_id == change.row_id;
  }

  const ReadOptions& options_;
  std::uint64_t tables_ = 0;
  std::uint64_t origins_ = 0;
  std::uint8_t operations_ = 0;
  bool nothing_left_ = false;
};

/// True if the change at `lsn` and the one before it belong to one transaction.
bool continues_transaction(const ChangeView& previous, const ChangeView& change) {
  if (mutated(Mutation::page_cuts_transaction)) return false;
  const auto here = change.transaction();
  if (!here || here->index == 0) return false;
  const auto before = previous.transaction();
  return before && before->number == here->number && previous.dot.origin == change.dot.origin;
}

/// Where in the page the transaction begins that its last change belongs to.
std::size_t begin_of_last(const std::vector<LogEntry>& entries) {
  std::size_t begin = entries.size() - 1;
  while (begin > 0 && continues_transaction(entries[begin - 1].change, entries[begin].change)) {
    --begin;
  }
  return begin;
}

struct Bounds {
  Lsn first;
  Lsn last;
};

Bounds bounds_of(const LogReader& reader, const ReadOptions& options) {
  Bounds bounds{std::max(options.after + 1, reader.first_lsn()), reader.last_lsn()};
  if (options.received_from_us) {
    bounds.first = std::max(bounds.first, reader.first_received_since(*options.received_from_us));
  }
  if (options.received_until_us) {
    bounds.last =
        std::min(bounds.last, reader.first_received_since(*options.received_until_us) - 1);
  }
  return bounds;
}

}  // namespace

Result<ReadPage> read_log(const LogReader& reader, const ReadOptions& options) {
  if (options.row_id && options.tables.size() != 1) {
    return Error{ErrorCode::bad_request,
                 "row_id needs exactly one table: row ids are unique "
                 "within a table only"};
  }
  const Filter filter(options);
  const Bounds bounds = bounds_of(reader, options);
  ReadPage page{reader, {}, std::max(options.after, bounds.first - 1), false};
  std::size_t bytes = 0;
  bool alone = false;  // the page is one transaction, larger than the limits
  Lsn lsn = bounds.first;
  LogEntry entry;
  while (lsn <= bounds.last) {
    const bool at_block = (lsn - 1) % block_changes == 0;
    const bool block_complete = lsn + block_changes - 1 <= reader.last_lsn();
    if (at_block && block_complete && !filter.may_match(reader.block_of(lsn))) {
      lsn = std::min(lsn + block_changes - 1, bounds.last) + 1;
      page.examined = lsn - 1;
      continue;
    }
    reader.read(lsn, std::span(&entry, 1));
    const bool enough = lsn - bounds.first >= options.max_examined;
    if (enough && (page.entries.empty() ||
                   !continues_transaction(page.entries.back().change, entry.change))) {
      break;
    }
    if (filter.matches(entry.change)) {
      const std::size_t size = entry.change.record.size();
      const bool full = page.entries.size() >= options.limit || bytes + size > options.max_bytes;
      if (full && !page.entries.empty()) {
        if (!continues_transaction(page.entries.back().change, entry.change)) break;
        // A transaction that does not fit any more begins the next page. Alone it goes beyond the
        // limits: that is looked for once, for it may be long.
        const std::size_t begin = alone ? 0 : begin_of_last(page.entries);
        if (begin > 0) {
          page.examined = page.entries[begin].lsn - 1;
          page.entries.erase(page.entries.begin() + static_cast<std::ptrdiff_t>(begin),
                             page.entries.end());
          break;
        }
        alone = true;
      }
      bytes += size;
      page.entries.push_back(entry);
    }
    page.examined = lsn++;
  }
  page.has_more = page.examined < bounds.last;
  return page;
}

}  // namespace syncline
