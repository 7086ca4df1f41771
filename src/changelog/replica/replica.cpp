// Opening a replica, its identity and its settings.

#include "syncline/replica.hpp"

#include "changelog/replica/impl.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "syncline/record.hpp"

namespace syncline {
Replica::Impl::Impl(Options given)
    : options(std::move(given)),
      clock(options.clock == nullptr ? system_clock() : *options.clock),
      random(options.random == nullptr ? system_random() : *options.random) {}

Result<void> Replica::Impl::journal_bytes(JournalEntryKind kind, std::string_view bytes) {
  if (options.journal == nullptr) return {};
  JournalEntry entry;
  entry.kind = kind;
  entry.bytes = {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  return options.journal->append(std::span(&entry, 1));
}

void Replica::Impl::begin_log(const NodeId& node, std::unique_ptr<Contents> empty) {
  options.node = node;
  contents = std::move(empty);
  own = &contents->progress_of(node);
}

void Replica::Impl::show_log() {
  contents->storage().publish();
  const std::lock_guard lock(shown_mutex);
  shown_storage = contents->log.shared_storage();
}

Result<void> Replica::Impl::replay_identity(const JournalEntry& entry) {
  auto identity = decode_identity(entry.bytes);
  if (!identity) return identity.error();
  if (!options.node.is_nil() && options.node != identity->node) {
    return Error{ErrorCode::bad_request, "the journal belongs to node " +
                                             identity->node.to_string() + ", not to " +
                                             options.node.to_string()};
  }
  begin_log(identity->node, std::make_unique<Contents>(identity->log));
  return {};
}

Result<void> Replica::Impl::replay_change(const JournalEntry& entry) {
  if (contents == nullptr || entry.lsn != contents->storage().appended() + 1) {
    return Error{ErrorCode::internal,
                 "the journal has a hole before LSN " + std::to_string(entry.lsn)};
  }
  auto change = decode_record(entry.bytes);
  if (!change) return change.error();
  file_copy(*change, RowTable::tag_of(change->table, change->row_id), entry.received_at_us,
            entry.skewed);
  return {};
}

Result<void> Replica::Impl::replay_summary(const JournalEntry& entry) {
  auto covered = decode_clock(entry.bytes);
  if (!covered) return covered.error();
  raise_summary(*covered);
  return {};
}

Result<void> Replica::Impl::replay(const JournalEntry& entry) {
  switch (entry.kind) {
    case JournalEntryKind::identity:
      return replay_identity(entry);
    case JournalEntryKind::change:
      return replay_change(entry);
    case JournalEntryKind::summary:
      return replay_summary(entry);
  }
  return Error{ErrorCode::internal, "the journal has an entry of an unknown kind"};
}

Result<void> Replica::Impl::begin() {
  if (auto valid = options.policies.validate(); !valid) return valid;
  if (options.max_change_bytes == 0 || options.max_change_bytes > limits::max_change_bytes) {
    return Error{ErrorCode::bad_request, "max_change_bytes has to be from 1 to " +
                                             std::to_string(limits::max_change_bytes)};
  }
  if (options.journal != nullptr) {
    const auto visit = [this](const JournalEntry& entry) { return replay(entry); };
    if (auto replayed = options.journal->replay(visit); !replayed) return replayed;
  }
  if (contents == nullptr) {
    const NodeId node = options.node.is_nil() ? NodeId::generate(random) : options.node;
    begin_log(node, std::make_unique<Contents>(LogId::generate(random)));
    const std::string identity = encode_identity({node, contents->log.id()});
    if (auto kept = journal_bytes(JournalEntryKind::identity, identity); !kept) return kept;
  }
  show_log();
  return {};
}

Result<std::unique_ptr<Replica>> Replica::open(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto begun = impl->begin(); !begun) return begun.error();
  return std::unique_ptr<Replica>(new Replica(std::move(impl)));
}

Replica::Replica(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replica::~Replica() = default;

const std::string& Replica::tenant() const noexcept { return impl_->options.tenant; }
NodeId Replica::node() const noexcept { return impl_->options.node; }
std::size_t Replica::max_change_bytes() const noexcept { return impl_->options.max_change_bytes; }
std::size_t Replica::max_batch_changes() const noexcept { return impl_->options.max_batch_changes; }
std::size_t Replica::max_body_bytes() const noexcept { return impl_->options.max_body_bytes; }

LogId Replica::log_id() const { return log().log_id(); }

PolicySettings Replica::policies() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->options.policies;
}

std::uint64_t Replica::settings_version() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->options.settings_version;
}

void Replica::set_policies(PolicySettings policies, std::uint64_t version) {
  const std::unique_lock lock(impl_->mutex);
  const bool same = impl_->options.policies == policies;
  impl_->options.policies = std::move(policies);
  impl_->options.settings_version = version;
  if (!same) impl_->choose_visible_anew();
}

std::uint64_t Replica::max_clock_drift_ms() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->options.max_clock_drift_ms;
}

void Replica::set_max_clock_drift_ms(std::uint64_t drift_ms) {
  const std::unique_lock lock(impl_->mutex);
  impl_->options.max_clock_drift_ms = drift_ms;
}

void Replica::set_plan_limits(std::uint64_t max_log_bytes, std::string no_change_log_plan) {
  const std::unique_lock lock(impl_->mutex);
  impl_->options.max_log_bytes = max_log_bytes;
  impl_->options.no_change_log_plan = std::move(no_change_log_plan);
}

Result<void> Replica::writable() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->writable();
}

VectorClock Replica::summary() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->summary();
}

HybridTime Replica::last_hlc() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->hybrid_clock.last();
}

std::uint64_t Replica::wall_time_us() const { return impl_->clock.now_us(); }

HybridTime Replica::now() const {
  const HybridTime wall = HybridTime::from_us(impl_->clock.now_us());
  return std::max(wall, last_hlc());
}

OriginState Replica::origin(const NodeId& origin) const {
  const std::shared_lock lock(impl_->mutex);
  const OriginProgress* progress = impl_->progress(origin);
  if (progress == nullptr) return {0, 0, true};
  return {progress->summary, progress->chain, progress->whole()};
}

std::optional<std::uint64_t> Replica::chain_at(const NodeId& origin, Sequence seq) const {
  const std::shared_lock lock(impl_->mutex);
  if (seq == 0) return 0;
  const OriginProgress* progress = impl_->progress(origin);
  if (progress == nullptr || seq > progress->chained) return std::nullopt;
  if (seq == progress->chained) return progress->chain;
  const Sequence checkpoints = seq / OriginProgress::checkpoint_every;
  std::uint64_t chain = checkpoints == 0 ? 0 : progress->checkpoints[checkpoints - 1];
  const Storage& storage = impl_->contents->storage();
  for (Sequence at = checkpoints * OriginProgress::checkpoint_every + 1; at <= seq; ++at) {
    const Lsn lsn = storage.find({origin, at}, storage.appended());
    if (lsn == 0) return std::nullopt;  // the log begins behind it
    chain = chain_hash(chain, storage.view(lsn));
  }
  return chain;
}

Subscription Replica::subscribe(std::function<void(Lsn)> callback) {
  const std::uint64_t id = impl_->subscribers->add(std::move(callback));
  return Subscription([subscribers = impl_->subscribers, id] { subscribers->remove(id); });
}

}  // namespace syncline
