// Local writes: one, many, all or none.

#include <algorithm>
#include <array>
#include <utility>

#include "changelog/mutation.hpp"
#include "changelog/replica/context.hpp"
#include "changelog/replica/impl.hpp"
#include "syncline/record.hpp"

namespace syncline {

Result<void> Replica::Impl::writable() const {
  if (options.no_change_log_plan.empty()) return {};
  return Error{ErrorCode::change_log_disabled,
               "plan '" + options.no_change_log_plan + "' has no change log, so tenant '" +
                   options.tenant + "' takes no changes; move it to a plan that has one"}
      .with("plan", options.no_change_log_plan);
}

Result<void> Replica::Impl::check_size(std::size_t payload_bytes, std::size_t more_bytes) const {
  if (payload_bytes > options.max_change_bytes) {
    return Error{ErrorCode::too_large, "the payload has " + std::to_string(payload_bytes) +
                                           " bytes; at most " +
                                           std::to_string(options.max_change_bytes) + " are taken"}
        .with("limit", options.max_change_bytes);
  }
  const std::uint64_t used = contents->storage().record_bytes();
  if (used > options.max_log_bytes || options.max_log_bytes - used < more_bytes) {
    return Error{ErrorCode::quota_exceeded,
                 "the tenant's plan allows " + std::to_string(options.max_log_bytes) +
                     " bytes of changes, of which " + std::to_string(used) + " are used"}
        .with("quota", "storage_bytes")
        .with("limit", options.max_log_bytes);
  }
  return {};
}

Result<Operation> Replica::Impl::choose_operation(const Write& write, bool exists, bool settling) {
  switch (write.kind) {
    case WriteKind::put:
      return exists ? Operation::update : Operation::insert;
    case WriteKind::insert:
      if (!exists) return Operation::insert;
      return Error{ErrorCode::precondition_failed,
                   "row '" + std::string(write.row_id) + "' of table '" + std::string(write.table) +
                       "' exists already; insert takes only a new one"};
    case WriteKind::update:
      if (exists) return Operation::update;
      break;
    case WriteKind::erase:
      if (exists || settling) return Operation::erase;
      break;
  }
  return Error{ErrorCode::row_not_found, "there is no row '" + std::string(write.row_id) +
                                             "' in table '" + std::string(write.table) + "'"};
}

Result<void> Replica::Impl::check_siblings(const Write& write,
                                           std::span<const ChangeView> heads) const {
  if (write.options.if_match) {
    const RowToken token = token_of_heads(heads);
    if (*write.options.if_match == token) return {};
    return Error{ErrorCode::precondition_failed,
                 "the row has changed since the token '" + std::string(*write.options.if_match) +
                     "' was given; its token is now '" + token + "'"}
        .with("token", token);
  }
  if (heads.size() < 2 || policy_for(options.policies, write.table).settles()) return {};
  const RowToken token = token_of_heads(heads);
  return Error{ErrorCode::conflict_open,
               "the row has " + std::to_string(heads.size()) +
                   " concurrent versions; resolve the conflict, or read them and write with the "
                   "token '" +
                   token + "'"}
      .with("token", token);
}

namespace {

/// Sizes that would make a record senselessly large; `validate` has the exact rules.
Result<void> check_names(const Write& write) {
  const auto refuse = [](std::string_view field, std::size_t limit) {
    return Error{ErrorCode::invalid_change,
                 std::string(field) + " may have 1 to " + std::to_string(limit) + " bytes"}
        .with("field", std::string(field));
  };
  if (write.table.size() > limits::max_table_bytes) return refuse("table", limits::max_table_bytes);
  if (write.row_id.size() > limits::max_row_id_bytes) {
    return refuse("row_id", limits::max_row_id_bytes);
  }
  if (write.options.metadata != nullptr &&
      write.options.metadata->size() > limits::max_metadata_entries) {
    return Error{
        ErrorCode::invalid_change,
        "metadata may have at most " + std::to_string(limits::max_metadata_entries) + " entries"}
        .with("field", "metadata");
  }
  return {};
}

std::size_t payload_bytes_of(const Write& write) {
  return write.kind == WriteKind::erase ? 0 : write.payload.bytes.size();
}

void set_payload(codec::RecordFields& fields, const Write& write) {
  if (fields.operation == Operation::erase) return;
  fields.format = write.payload.format;
  fields.data = write.payload.bytes;
}

}  // namespace

Result<void> Replica::Impl::prepare(const Write& write, bool exists,
                                    std::span<const ChangeView> heads, bool settling,
                                    ContextBuffer& context, codec::RecordFields& fields) const {
  if (auto checked = check_names(write); !checked) return checked;
  if (auto checked = check_siblings(write, heads); !checked) return checked;
  auto operation = choose_operation(write, exists, settling);
  if (!operation) return operation.error();
  fields.origin = &options.node;
  fields.operation = *operation;
  fields.table = write.table;
  fields.row_id = write.row_id;
  const bool leaves_out = settling && mutated(Mutation::resolve_sees_visible_head_only);
  set_context(leaves_out ? heads.first(1) : heads, context, fields);
  fields.metadata = write.options.metadata;
  set_payload(fields, write);
  return {};
}

void Replica::Impl::set_context(std::span<const ChangeView> heads, ContextBuffer& buffer,
                                codec::RecordFields& fields) const {
  const log_internal::StableMarkers::Entry* marker = contents->storage().markers().applied();
  fields.context =
      build_context(heads, marker == nullptr ? nullptr : &marker->marker.vector, buffer);
  fields.stable = marker == nullptr ? 0 : marker->marker.number;
}

Result<WriteResult> Replica::Impl::write_one(const Write& write, const RowKey& key,
                                             std::uint64_t now_us, bool settling) {
  if (auto checked = writable(); !checked) return checked.error();
  const RowLookup row = look_up(key);
  Heads siblings;
  std::span<const ChangeView> heads;
  if (row.known && row.slot->parted()) {
    siblings = heads_of(row);
    heads = {siblings.data(), siblings.size()};
    if (mutated(Mutation::write_sees_visible_head_only)) heads = heads.first(1);
  } else if (row.known) {
    heads = {&row.visible, 1};
  }
  ContextBuffer context;
  codec::RecordFields fields;
  const auto prepared = prepare(write, row.exists(), heads, settling, context, fields);
  if (!prepared) return prepared.error();
  const std::size_t record_bytes = codec::max_record_bytes(fields);
  if (auto checked = check_size(payload_bytes_of(write), record_bytes); !checked) {
    return checked.error();
  }
  fields.seq = own->in_log + 1;
  fields.hlc = HybridClock(hybrid_clock).tick(now_us);

  std::uint8_t* place = contents->storage().reserve(record_bytes);
  codec::write_record(place, fields);
  const ChangeView change = view_trusted_record(place);
  if (auto valid = validate(change); !valid) return valid.error();
  if (auto kept = journal_changes(std::span(&change, 1), now_us); !kept) return kept.error();
  file(change, RowKey(change.table, change.row_id, key.tag), row, now_us, false);
  return WriteResult{change.dot, contents->storage().appended(), change.hlc, change.operation};
}

Result<void> Replica::Impl::release(std::unique_lock<TurnstileMutex>& lock, Lsn before) {
  Storage& storage = contents->storage();
  storage.publish();
  const Lsn after = storage.appended();
  const JournalPosition position = journaled;
  const bool go_on = std::exchange(collecting, false);
  lock.unlock();
  if (go_on) go_on_collecting();
  // Also where nothing was appended: a duplicate is acknowledged, so it has to be durable as well.
  Result<void> durable = wait_durable(position);
  if (after != before) subscribers->notify(after);
  return durable;
}

Result<WriteResult> Replica::Impl::write(const Write& write) {
  const std::uint64_t now_us = clock.now_us();
  const RowKey key(write.table, write.row_id);
  std::unique_lock lock(mutex);
  const Lsn before = contents->storage().appended();
  auto written = write_one(write, key, now_us);
  if (!written) return written;
  if (auto durable = release(lock, before); !durable) return durable.error();
  return written;
}

Result<WriteResult> Replica::put(std::string_view table, std::string_view row_id, Payload payload,
                                 const WriteOptions& options) {
  return impl_->write({WriteKind::put, table, row_id, payload, options});
}

Result<WriteResult> Replica::insert(std::string_view table, std::string_view row_id,
                                    Payload payload, const WriteOptions& options) {
  return impl_->write({WriteKind::insert, table, row_id, payload, options});
}

Result<WriteResult> Replica::update(std::string_view table, std::string_view row_id,
                                    Payload payload, const WriteOptions& options) {
  return impl_->write({WriteKind::update, table, row_id, payload, options});
}

Result<WriteResult> Replica::erase(std::string_view table, std::string_view row_id,
                                   const WriteOptions& options) {
  return impl_->write({WriteKind::erase, table, row_id, Payload::none(), options});
}

namespace {

/// Hashes the keys of a batch and asks for memory some writes ahead, since rows lie all over the
/// log: first for a row's slot, and when that has come, for the record that it refers to.
class KeysAhead {
 public:
  KeysAhead(const RowTable& rows, std::span<const Write> writes) : rows_(rows), writes_(writes) {
    while (hashed_ < std::min(slot_distance, writes_.size())) hash_next();
    for (std::size_t i = 0; i < std::min(record_distance, hashed_); ++i) ask_for_record(i);
  }

  /// The key of the write at `index`. To be called for each, in order.
  RowKey take(std::size_t index) {
    if (hashed_ < writes_.size()) hash_next();
    if (index + record_distance < hashed_) ask_for_record(index + record_distance);
    return {writes_[index].table, writes_[index].row_id, tags_[index % ring_size]};
  }

 private:
  static constexpr std::size_t record_distance = 12;
  static constexpr std::size_t slot_distance = 24;
  static constexpr std::size_t ring_size = 32;

  void hash_next() {
    const Write& write = writes_[hashed_];
    const std::uint64_t tag = RowTable::tag_of(write.table, write.row_id);
    rows_.prefetch_slot(tag);
    tags_[hashed_++ % ring_size] = tag;
  }
  void ask_for_record(std::size_t index) { rows_.prefetch_record(tags_[index % ring_size]); }

  const RowTable& rows_;
  std::span<const Write> writes_;
  std::size_t hashed_ = 0;
  std::array<std::uint64_t, ring_size> tags_{};
};

}  // namespace

BatchResult Replica::write_batch(std::span<const Write> writes) {
  BatchResult result;
  const std::uint64_t now_us = impl_->clock.now_us();
  std::unique_lock lock(impl_->mutex);
  Storage& storage = impl_->contents->storage();
  const Lsn before = storage.appended();
  KeysAhead keys(impl_->contents->rows, writes);
  for (std::size_t i = 0; i < writes.size(); ++i) {
    auto written = impl_->write_one(writes[i], keys.take(i), now_us);
    if (!written) result.failures.push_back({i, std::move(written).error()});
  }
  result.written = writes.size() - result.failures.size();
  if (result.written != 0) {
    result.first_lsn = before + 1;
    result.last_lsn = storage.appended();
  }
  if (auto durable = impl_->release(lock, before); !durable) {
    result.failures.push_back({writes.size(), durable.error()});
  }
  return result;
}

}  // namespace syncline
