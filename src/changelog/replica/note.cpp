// Voids of one's own: a number used up to tell something to every replica.

#include "changelog/replica/impl.hpp"
#include "syncline/record.hpp"

namespace syncline {

Result<WriteResult> Replica::append_note(const Metadata& metadata) {
  Impl& impl = *impl_;
  const std::uint64_t now_us = impl.clock.now_us();
  std::unique_lock lock(impl.mutex);
  if (auto checked = impl.writable(); !checked) return checked.error();
  codec::RecordFields fields;
  fields.origin = &impl.options.node;
  fields.seq = impl.own->in_log + 1;
  fields.operation = Operation::void_;
  fields.metadata = &metadata;
  Storage& storage = impl.contents->storage();
  fields.stable = storage.markers().applied_number();
  const std::size_t record_bytes = codec::max_record_bytes(fields);
  if (auto checked = impl.check_size(0, record_bytes); !checked) return checked.error();
  fields.hlc = HybridClock(impl.hybrid_clock).tick(now_us);

  const Lsn before = storage.appended();
  std::uint8_t* place = storage.reserve(record_bytes);
  codec::write_record(place, fields);
  const ChangeView change = view_trusted_record(place);
  if (auto valid = validate(change); !valid) return valid.error();
  if (auto kept = impl.journal_changes(std::span(&change, 1), now_us); !kept) return kept.error();
  impl.file(change, RowKey(change.table, change.row_id), {}, now_us, false);
  const WriteResult written{change.dot, storage.appended(), change.hlc, change.operation};
  if (auto durable = impl.release(lock, before); !durable) return durable.error();
  return written;
}

}  // namespace syncline
