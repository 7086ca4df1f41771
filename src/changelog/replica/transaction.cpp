// Transactions: all records are made first, then all are filed.

#include <map>
#include <utility>

#include "changelog/replica/context.hpp"
#include "changelog/replica/impl.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// The records of a transaction in the making, and which row each of them is the latest of.
class Draft {
 public:
  /// `key` has to stay valid as long as the draft.
  void add(const RowKey& key, std::string record) {
    latest_[{key.table, key.row_id}] = records_.size();
    bytes_ += record.size();
    records_.push_back(std::move(record));
  }
  std::size_t size() const noexcept { return records_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  ChangeView view(std::size_t index) const noexcept {
    return view_trusted_record(reinterpret_cast<const std::uint8_t*>(records_[index].data()));
  }
  /// The transaction's own latest change of the row; nullopt if it has none so far.
  std::optional<ChangeView> latest(const RowKey& key) const {
    const auto found = latest_.find({key.table, key.row_id});
    if (found == latest_.end()) return std::nullopt;
    return view(found->second);
  }

 private:
  std::vector<std::string> records_;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> latest_;
  std::size_t bytes_ = 0;
};

Error at_index(Error error, std::size_t index) {
  return std::move(error).with("index", static_cast<std::uint64_t>(index));
}

}  // namespace

Result<std::vector<WriteResult>> Replica::transaction(std::span<const Write> writes) {
  Impl& impl = *impl_;
  if (writes.size() > impl.options.max_batch_changes) {
    return Error{ErrorCode::too_large, "a transaction may have at most " +
                                           std::to_string(impl.options.max_batch_changes) +
                                           " changes"}
        .with("limit", impl.options.max_batch_changes);
  }
  const std::uint64_t now_us = impl.clock.now_us();
  std::unique_lock lock(impl.mutex);
  if (auto checked = impl.writable(); !checked) return checked.error();
  const Lsn before = impl.contents->storage().appended();
  HybridClock hybrid_clock = impl.hybrid_clock;
  const Sequence first_seq = impl.own->in_log + 1;
  Draft draft;
  for (const Write& write : writes) {
    const RowKey key(write.table, write.row_id);
    const RowLookup row = impl.look_up(key);
    Heads heads = impl.heads_of(row);
    bool exists = row.exists();
    if (const auto latest = draft.latest(key)) {
      heads.assign(1, *latest);
      exists = latest->operation != Operation::erase;
    }
    ContextBuffer context;
    codec::RecordFields fields;
    const auto prepared =
        impl.prepare(write, exists, {heads.data(), heads.size()}, false, context, fields);
    if (!prepared) return at_index(prepared.error(), draft.size());
    if (auto checked = impl.check_size(fields.data.size(), draft.bytes()); !checked) {
      return at_index(checked.error(), draft.size());
    }
    fields.seq = first_seq + draft.size();
    fields.hlc = hybrid_clock.tick(now_us);
    fields.transaction = TransactionPart{first_seq, static_cast<std::uint32_t>(draft.size()),
                                         static_cast<std::uint32_t>(writes.size())};
    std::string record(codec::max_record_bytes(fields), '\0');
    auto* begin = reinterpret_cast<std::uint8_t*>(record.data());
    record.resize(static_cast<std::size_t>(codec::write_record(begin, fields) - begin));
    if (auto valid = validate(view_trusted_record(begin)); !valid) {
      return at_index(valid.error(), draft.size());
    }
    draft.add(key, std::move(record));
  }
  if (draft.bytes() > impl.options.max_body_bytes) {
    return Error{ErrorCode::too_large, "a transaction may have at most " +
                                           std::to_string(impl.options.max_body_bytes) +
                                           " bytes; this one has " + std::to_string(draft.bytes())}
        .with("limit", impl.options.max_body_bytes);
  }
  if (auto checked = impl.check_size(0, draft.bytes()); !checked) return checked.error();
  std::vector<ChangeView> changes;
  for (std::size_t i = 0; i < draft.size(); ++i) changes.push_back(draft.view(i));
  if (auto kept = impl.journal_changes(changes, now_us); !kept) return kept.error();
  std::vector<WriteResult> results;
  for (const ChangeView& change : changes) {
    impl.file_copy(change, RowTable::tag_of(change.table, change.row_id), now_us, false);
    results.push_back(
        {change.dot, impl.contents->storage().appended(), change.hlc, change.operation});
  }
  if (auto durable = impl.release(lock, before); !durable) return durable.error();
  return results;
}

}  // namespace syncline
