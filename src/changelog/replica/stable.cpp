// Stable markers: the home's word on what everybody holds, and what it sets free.

#include <mutex>
#include <shared_mutex>

#include "changelog/replica/impl.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

Error not_held(const Dot& dot) {
  return {ErrorCode::bad_request, "the vector covers change " + to_string(dot) +
                                      ", which is not held here: only what everybody holds is "
                                      "stable"};
}

/// The vector as records hold it. The answer lies in `buffer`.
ContextView encode(const VectorClock& vector, ContextBuffer& buffer) {
  buffer.resize(vector.size() * codec::max_context_entry_bytes);
  std::uint8_t* end = buffer.data();
  for (const VectorClock::Entry& entry : vector.entries()) {
    end = codec::write_context_entry(end, entry.node.data(), entry.seq);
  }
  return {buffer.data(), static_cast<std::uint32_t>(end - buffer.data()),
          static_cast<std::uint32_t>(vector.size())};
}

}  // namespace

Result<void> Replica::Impl::check_stable(const VectorClock& stable) const {
  const VectorClock held = summary();
  for (const VectorClock::Entry& entry : stable.entries()) {
    if (entry.seq > held.get(entry.node)) return not_held({entry.node, entry.seq});
  }
  const log_internal::StableMarkers::Entry* last = contents->storage().markers().applied();
  const VectorClock before = last == nullptr ? VectorClock() : last->marker.vector;
  if (!stable.covers(before)) {
    return Error{ErrorCode::bad_request, "the vector does not cover all that marker " +
                                             std::to_string(last->marker.number) +
                                             " does: what is stable stays so"};
  }
  if (stable == before) {
    return Error{ErrorCode::bad_request, "nothing is stable that was not stable before"};
  }
  return {};
}

Result<WriteResult> Replica::append_stable_marker(const VectorClock& stable) {
  Impl& impl = *impl_;
  const std::uint64_t now_us = impl.clock.now_us();
  std::unique_lock lock(impl.mutex);
  if (auto checked = impl.writable(); !checked) return checked.error();
  if (auto checked = impl.check_stable(stable); !checked) return checked.error();
  Storage& storage = impl.contents->storage();
  const Lsn before = storage.appended();
  ContextBuffer context;
  codec::RecordFields fields;
  fields.origin = &impl.options.node;
  fields.seq = impl.own->in_log + 1;
  fields.hlc = HybridClock(impl.hybrid_clock).tick(now_us);
  fields.operation = Operation::stable;
  fields.context = encode(stable, context);
  fields.stable = storage.markers().applied_number() + 1;
  std::uint8_t* place = storage.reserve(codec::max_record_bytes(fields));
  codec::write_record(place, fields);
  const ChangeView change = view_trusted_record(place);
  if (auto valid = validate(change); !valid) return valid.error();
  if (auto kept = impl.journal_changes(std::span(&change, 1), now_us); !kept) return kept.error();
  impl.file(change, RowKey(change.table, change.row_id), {}, now_us, false);
  const WriteResult written{change.dot, storage.appended(), change.hlc, change.operation};
  if (auto durable = impl.release(lock, before); !durable) return durable.error();
  return written;
}

std::optional<StableMarker> Replica::stable_marker() const {
  const std::shared_lock lock(impl_->mutex);
  const log_internal::StableMarkers::Entry* last = impl_->contents->storage().markers().applied();
  if (last == nullptr) return std::nullopt;
  return last->marker;
}

}  // namespace syncline
