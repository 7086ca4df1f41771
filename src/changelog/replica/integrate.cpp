// Merging foreign changes: duplicates are passed over, holes and what depends on them refused.

#include <algorithm>
#include <map>

#include "changelog/mutation.hpp"
#include "changelog/replica/impl.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "changelog/replica/mutants.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// How far beyond the latest time that is held here the pusher's own change may be dated, in
/// microseconds. Whoever writes after such a time counts on from it, 4096 changes a microsecond; a
/// whole drift would let clocks that are off by a little each carry one another far ahead.
constexpr std::uint64_t after_held_us = 1'000'000;

/// One record of a batch after decoding.
struct Incoming {
  ChangeView change;
  std::uint64_t tag = 0;       ///< of the row's key
  std::optional<Error> fault;  ///< it cannot be read; `change.dot` is still set if it could be told
  std::optional<TransactionPart> transaction;
};

Incoming decode(std::string_view record) {
  Incoming incoming;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(record.data()), record.size());
  auto decoded = decode_record(bytes);
  if (!decoded) {
    incoming.fault = decoded.error();
    return incoming;
  }
  incoming.change = *decoded;
  incoming.tag = RowTable::tag_of(decoded->table, decoded->row_id);
  if (decoded->record.size() != bytes.size()) {
    incoming.fault = Error{ErrorCode::invalid_change, "bytes follow the record"}.with(
        "field", std::string("record"));
  } else if (auto valid = validate(*decoded); !valid) {
    incoming.fault = valid.error();
  } else if (decoded->tail.size() > 2) {
    incoming.transaction = decoded->transaction();
  }
  return incoming;
}

/// True if `next` goes on with the transaction of `previous`. A batch may hold one twice.
bool same_transaction(const Incoming& previous, const Incoming& next) {
  return previous.transaction && next.transaction && next.transaction->index != 0 &&
         previous.transaction->number == next.transaction->number &&
         previous.change.dot.origin == next.change.dot.origin;
}

}  // namespace

/// The work on one call of `integrate`. The replica's lock is held.
class Integration {
 public:
  Integration(Replica::Impl& impl, const IntegrateOptions& options, std::uint64_t now_us)
      : impl_(impl), options_(options), now_us_(now_us) {
    const std::uint64_t drift_us = impl.options.max_clock_drift_ms * 1000;
    const auto offset = options.sender_clock_offset_us;
    const auto distance = static_cast<std::uint64_t>(offset < 0 ? -offset : offset);
    skew_.latest_us = now_us + drift_us;
    if (distance > drift_us) skew_.wrong_clock = options.pusher;
  }

  void run(std::span<const std::string_view> records);
  IntegrateResult take_result() { return std::move(result_); }

 private:
  void take_unit(std::span<Incoming> unit, std::size_t index);
  bool is_duplicate(const Incoming& incoming, std::size_t index);
  Result<void> check(const Incoming& incoming, Sequence expected, std::size_t more_bytes) const;
  Result<void> check_marker(const ChangeView& change) const;
  Result<void> check_time(const ChangeView& change) const;
  static Result<void> check_transaction(std::span<const Incoming> unit, bool may_be_cut);
  Result<void> check_seen(const ChangeView& change) const;
  void refuse(const Dot& dot, std::size_t index, Error error);
  void take(const Incoming& incoming);
  Result<void> take_all(std::span<const Incoming> unit);
  void note_origin(const NodeId& origin);
  std::size_t fill_window(std::span<const std::string_view> rest, std::vector<Incoming>& window);
  bool is_refused(const NodeId& origin, Sequence seq) const;
  Sequence next_expected(const NodeId& origin) const;

  Replica::Impl& impl_;
  const IntegrateOptions& options_;
  std::uint64_t now_us_;
  SkewRule skew_;
  std::vector<NodeId> origins_;         ///< of the batch
  std::map<NodeId, Sequence> refused_;  ///< the first refused seq of each origin
  IntegrateResult result_;
};

bool Integration::is_refused(const NodeId& origin, Sequence seq) const {
  if (refused_.empty()) return false;
  const auto found = refused_.find(origin);
  return found != refused_.end() && seq >= found->second;
}

void Integration::refuse(const Dot& dot, std::size_t index, Error error) {
  if (dot.seq != 0) {
    const auto [place, added] = refused_.emplace(dot.origin, dot.seq);
    if (!added) place->second = std::min(place->second, dot.seq);
  }
  if (mutated(Mutation::summary_before_change) && dot.seq != 0) {
    OriginProgress& origin = impl_.contents->progress_of(dot.origin);
    origin.summary = std::max(origin.summary, dot.seq);
  }
  if (mutated(Mutation::ack_of_refused)) result_.acked.raise(dot);
  result_.rejected.push_back(
      {dot, index, std::move(error).with("index", static_cast<std::uint64_t>(index))});
}

Sequence Integration::next_expected(const NodeId& origin) const {
  const OriginProgress* progress = impl_.progress(origin);
  return progress == nullptr ? 1 : progress->summary + 1;
}

bool Integration::is_duplicate(const Incoming& incoming, std::size_t index) {
  const ChangeView& change = incoming.change;
  if (!impl_.holds(change.dot) || mutated(Mutation::redelivery_refused)) return false;
  const Storage& storage = impl_.contents->storage();
  const Lsn lsn = storage.find(change.dot, storage.appended());
  if (lsn != 0) {
    const ChangeView held = storage.view(lsn);
    if (held.dot == change.dot && !same_change(held, change)) {
      refuse(
          change.dot, index,
          Error{ErrorCode::dot_mismatch, "change " + to_string(change.dot) +
                                             " is held here with other bytes: two replicas write "
                                             "under one node id"});
      return true;
    }
  }
  ++result_.duplicates;
  return true;
}

Result<void> Integration::check_seen(const ChangeView& change) const {
  if (mutated(Mutation::dependants_taken)) return {};
  const bool is_marker = change.operation == Operation::stable;
  if (!is_marker && change.stable != 0 &&
      impl_.contents->storage().markers().find(change.stable) == nullptr) {
    return Error{ErrorCode::depends, "its writer had applied stable marker " +
                                         std::to_string(change.stable) +
                                         ", which is not held here; send that first"};
  }
  std::optional<Dot> missing;
  change.context.for_each([&](const std::uint8_t* node, Sequence seq) {
    if (missing) return;
    const NodeId origin(
        std::span<const std::uint8_t, NodeId::size_bytes>(node, NodeId::size_bytes));
    // Its own origin's changes were checked by their seqs. What a filter let through need not be
    // whole; there only a refusal in this batch counts.
    const bool may_be_missing = !options_.allow_gaps && origin != change.dot.origin;
    if (is_refused(origin, seq) || (may_be_missing && seq >= next_expected(origin))) {
      missing = Dot{origin, seq};
    }
  });
  if (!missing) return {};
  return Error{ErrorCode::depends, "it saw change " + to_string(*missing) +
                                       ", which is not held here; send that first"};
}

/// `more_bytes` is what the unit would add, up to and with this change.
Result<void> Integration::check(const Incoming& incoming, Sequence expected,
                                std::size_t more_bytes) const {
  if (incoming.fault) return *incoming.fault;
  const ChangeView& change = incoming.change;
  if (auto checked = impl_.check_size(change.data.size(), more_bytes); !checked) {
    return checked;
  }
  if (is_refused(change.dot.origin, change.dot.seq)) {
    return Error{ErrorCode::depends, "an earlier change of the same origin was refused"};
  }
  if (change.dot.origin == impl_.options.node) {
    return Error{ErrorCode::replica_rewound,
                 "change " + to_string(change.dot) +
                     " bears the id of the receiving replica, which never wrote it"};
  }
  if (auto checked = check_marker(change); !checked) return checked;
  const OriginProgress* progress = impl_.progress(change.dot.origin);
  const bool after_hole =
      options_.allow_gaps && (progress == nullptr || change.dot.seq > progress->in_log);
  // Behind a later one of its origin, which a snapshot brought, it has no place in this log.
  const bool too_late =
      options_.allow_gaps && progress != nullptr && change.dot.seq <= progress->in_log;
  if ((change.dot.seq != expected && !after_hole) || too_late) {
    return Error{ErrorCode::sequence_gap, "seq " + std::to_string(change.dot.seq) + " of node " +
                                              change.dot.origin.to_string() + " came where " +
                                              std::to_string(expected) + " was expected"}
        .with("expected_seq", expected);
  }
  if (auto checked = check_time(change); !checked) return checked;
  return check_seen(change);
}

Result<void> Integration::check_marker(const ChangeView& change) const {
  if (change.operation != Operation::stable) return {};
  if (options_.refuse_markers_of_pusher && change.dot.origin == options_.pusher) {
    return Error{ErrorCode::invalid_change,
                 "only the tenant's home writes stable markers, and the pusher is not the home"}
        .with("field", std::string("operation"));
  }
  // It takes effect in log order: what came before it is taken first, be it in another form.
  if (!refused_.empty() && !mutated(Mutation::marker_past_refused)) {
    return Error{ErrorCode::depends, "a change before stable marker " +
                                         std::to_string(change.stable) +
                                         " was refused; send that first"};
  }
  const std::uint64_t applied = impl_.contents->storage().markers().applied_number();
  if (change.stable <= applied || change.stable - applied <= limits::max_marker_step) return {};
  return Error{ErrorCode::invalid_change, "stable marker " + std::to_string(change.stable) +
                                              " came where " + std::to_string(applied + 1) +
                                              " or a little more was expected"}
      .with("field", std::string("stable"));
}

/// What was dated too far ahead once and is held here cannot be helped: later changes have to come
/// after it.
Result<void> Integration::check_time(const ChangeView& change) const {
  if (change.dot.origin != options_.pusher || mutated(Mutation::any_time_taken)) return {};
  const HybridTime held = impl_.hybrid_clock.last();
  const std::uint64_t latest_us = std::max(skew_.latest_us, held.physical_us() + after_held_us);
  if (change.hlc.physical_us() <= latest_us) return {};
  return Error{ErrorCode::clock_drift,
               "the change is dated " + change.hlc.to_string() + ", more than the allowed " +
                   std::to_string(impl_.options.max_clock_drift_ms) +
                   " ms ahead of this node; date it after 'time' and send it again"}
      .with("time", std::max(held, HybridTime::from_us(now_us_)).to_string());
}

Result<void> Integration::check_transaction(std::span<const Incoming> unit, bool may_be_cut) {
  if (!unit.front().transaction || may_be_cut || mutated(Mutation::cut_transaction)) return {};
  for (std::size_t i = 0; i < unit.size(); ++i) {
    const TransactionPart& part = *unit[i].transaction;
    if (part.index == i && part.count == unit.size()) continue;
    return Error{ErrorCode::invalid_change,
                 "transaction " + std::to_string(part.number) + " has " +
                     std::to_string(part.count) +
                     " changes, which have to come in a row and whole; " +
                     std::to_string(unit.size()) + " came"}
        .with("field", std::string("transaction"));
  }
  return {};
}

void Integration::take(const Incoming& incoming) {
  const ChangeView& change = incoming.change;
  switch (impl_.file_copy(change, incoming.tag, now_us_, skew_.flags(change))) {
    case Verdict::applied:
      ++result_.applied;
      break;
    case Verdict::superseded:
      ++result_.superseded;
      break;
    case Verdict::convergent:
      ++result_.convergent;
      break;
    case Verdict::conflict:
      ++result_.conflicting;
      break;
  }
  if (mutated(Mutation::receiver_increments)) {
    ++impl_.own->in_log;
    ++impl_.own->summary;
  }
}

Result<void> Integration::take_all(std::span<const Incoming> unit) {
  if (impl_.options.journal != nullptr) {
    std::vector<ChangeView> changes;
    for (const Incoming& incoming : unit) changes.push_back(incoming.change);
    if (auto kept = impl_.journal_changes(changes, now_us_, skew_); !kept) return kept;
  }
  for (const Incoming& incoming : unit) take(incoming);
  return {};
}

void Integration::note_origin(const NodeId& origin) {
  if (!origins_.empty() && origins_.back() == origin) return;
  if (std::find(origins_.begin(), origins_.end(), origin) == origins_.end()) {
    origins_.push_back(origin);
  }
}

void Integration::take_unit(std::span<Incoming> unit, std::size_t index) {
  note_origin(unit.front().change.dot.origin);
  const auto held = [&](const Incoming& one) { return !one.fault && impl_.holds(one.change.dot); };
  if (options_.allow_gaps && unit.size() > 1 && std::any_of(unit.begin(), unit.end(), held)) {
    // A part of the transaction came by a snapshot of its table.
    for (std::size_t i = 0; i < unit.size(); ++i) take_unit(unit.subspan(i, 1), index + i);
    return;
  }
  Result<void> checked = check_transaction(unit, options_.allow_gaps);
  while (!unit.empty() && !unit.front().fault && is_duplicate(unit.front(), index)) {
    unit = unit.subspan(1);
    ++index;
  }
  if (unit.empty()) return;
  std::size_t fault_at = 0;
  std::size_t unit_bytes = 0;
  Sequence expected = next_expected(unit.front().change.dot.origin);
  for (std::size_t i = 0; i < unit.size() && checked; ++i) {
    unit_bytes += unit[i].change.record.size();
    checked = check(unit[i], expected++, unit_bytes);
    if (!checked) fault_at = i;
  }
  if (checked) checked = take_all(unit);
  if (checked) return;
  for (std::size_t i = 0; i < unit.size(); ++i) {
    Error error = i == fault_at ? checked.error()
                                : Error{ErrorCode::depends,
                                        "another change of the same transaction was refused"};
    refuse(unit[i].change.dot, index + i, std::move(error));
  }
}

/// Decodes some records ahead and asks for the memory of their rows, which lie all over the log.
std::size_t Integration::fill_window(std::span<const std::string_view> rest,
                                     std::vector<Incoming>& window) {
  constexpr std::size_t group_size = 16;
  window.clear();
  const std::size_t count = std::min(group_size, rest.size());
  for (std::size_t i = 0; i < count; ++i) {
    window.push_back(decode(rest[i]));
    impl_.contents->rows.prefetch_slot(window.back().tag);
  }
  for (const Incoming& incoming : window) impl_.contents->rows.prefetch_record(incoming.tag);
  // A transaction is taken as a whole, however long it is.
  std::size_t taken = count;
  while (taken < rest.size() && window.back().transaction) {
    Incoming next = decode(rest[taken]);
    if (!same_transaction(window.back(), next)) break;
    window.push_back(std::move(next));
    ++taken;
  }
  return taken;
}

void Integration::run(std::span<const std::string_view> records) {
  result_.received = records.size();
  if (mutated(Mutation::marker_before_its_turn)) apply_markers_early(impl_, records);
  std::vector<Incoming> window;
  for (std::size_t begin = 0; begin < records.size();) {
    const std::size_t count = fill_window(records.subspan(begin), window);
    for (std::size_t first = 0; first < count;) {
      std::size_t last = first + 1;
      while (last < count && same_transaction(window[first], window[last])) ++last;
      take_unit(std::span(window).subspan(first, last - first), begin + first);
      first = last;
    }
    begin += count;
  }
  for (const NodeId& origin : origins_) {
    if (const OriginProgress* progress = impl_.progress(origin)) {
      result_.acked.raise(origin, progress->summary);
    }
  }
}

IntegrateResult Replica::integrate(std::span<const std::string_view> records,
                                   const IntegrateOptions& options) {
  Impl& impl = *impl_;
  const std::uint64_t now_us = impl.clock.now_us();
  std::unique_lock lock(impl.mutex);
  IntegrateResult result;
  if (auto checked = impl.writable(); !checked) {
    result.received = records.size();
    for (std::size_t i = 0; i < records.size(); ++i) {
      result.rejected.push_back({decode(records[i]).change.dot, i, checked.error()});
    }
    return result;
  }
  const Lsn before = impl.contents->storage().appended();
  const std::size_t known_conflicts = impl.contents->conflicts.size();
  Integration integration(impl, options, now_us);
  integration.run(records);
  result = integration.take_result();
  for (std::size_t i = known_conflicts; i < impl.contents->conflicts.size(); ++i) {
    if (impl.contents->conflicts.is_kept(i)) result.conflicts.push_back(impl.summarise(i));
  }
  result.lsn = impl.contents->storage().appended();
  if (auto durable = impl.release(lock, before); !durable) {
    result.rejected.push_back({{}, records.size(), durable.error()});
    result.acked.clear();
  }
  return result;
}

}  // namespace syncline
