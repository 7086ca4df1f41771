// Opening a replica, its identity and its settings.

#include "syncline/replica.hpp"

#include <array>
#include <utility>

#include "changelog/former_ids.hpp"
#include "changelog/mutation.hpp"
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
  const JournalEntry entry = entry_of(kind, bytes);
  return journal_batch(std::span(&entry, 1));
}

Result<void> Replica::Impl::journal_batch(std::span<const JournalEntry> batch) {
  if (mutated(Mutation::batch_journaled_in_parts) && batch.size() > 1) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (auto kept = journal_batch(batch.subspan(i, 1)); !kept) return kept;
    }
    return {};
  }
  auto position = options.journal->append(batch);
  if (!position) return position.error();
  journaled = *position;
  return {};
}

Result<void> Replica::Impl::wait_durable(JournalPosition position) {
  return options.journal == nullptr ? Result<void>() : options.journal->wait_durable(position);
}

Result<void> Replica::Impl::reidentify() {
  const Identity identity{NodeId::generate(random), LogId::generate(random)};
  Property former = former_id_property(options.node, own->in_log);
  const std::string renaming = encode_identity(identity);
  const std::string property = encode_property(former);
  const std::array batch{entry_of(JournalEntryKind::property, property),
                         entry_of(JournalEntryKind::renaming, renaming)};
  if (options.journal != nullptr) {
    if (auto kept = journal_batch(batch); !kept) return kept;
  }
  set_property(former.name, std::move(former.value));
  take_identity(identity);
  return {};
}

void Replica::Impl::take_identity(const Identity& identity) {
  options.node = identity.node;
  own = &contents->progress_of(identity.node);
  contents->log.rename(identity.log);
  privates.begin(own->in_log);
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
  shown_log_id = contents->log.id();
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
    if (auto ended = end_replay(); !ended) return ended;
  }
  if (contents == nullptr) {
    const NodeId node = options.node.is_nil() ? NodeId::generate(random) : options.node;
    begin_log(node, std::make_unique<Contents>(LogId::generate(random)));
    const std::string identity = encode_identity({node, contents->log.id()});
    if (auto kept = journal_bytes(JournalEntryKind::identity, identity); !kept) return kept;
  } else if ((options.restored || (options.journal != nullptr && options.journal->is_copy())) &&
             !mutated(Mutation::copy_keeps_id)) {
    // What is there may be older than what others hold of this replica, or go on elsewhere.
    if (auto renamed = reidentify(); !renamed) return renamed;
  }
  privates.begin(own->in_log);  // who knows what was sent before
  show_log();
  if (auto durable = wait_durable(journaled); !durable) return durable;
  // Last: whoever fails to open is gone before the journal, which others may share.
  if (options.journal != nullptr) {
    options.journal->on_durable([this] { subscribers->notify(log_end()); });
  }
  return {};
}

Result<std::unique_ptr<Replica>> Replica::open(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  impl->wanted_node = impl->options.node;
  if (auto begun = impl->begin(); !begun) return begun.error();
  return std::unique_ptr<Replica>(new Replica(std::move(impl)));
}

Replica::Replica(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replica::~Replica() {
  if (impl_->options.journal != nullptr) impl_->options.journal->on_durable({});
}

const std::string& Replica::tenant() const noexcept { return impl_->options.tenant; }
NodeId Replica::node() const noexcept {
  const std::shared_lock lock(impl_->mutex);
  return impl_->options.node;
}
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
  if (!same && !mutated(Mutation::policy_change_unassessed)) impl_->choose_visible_anew();
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

std::uint64_t Replica::max_log_bytes() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->options.max_log_bytes;
}

Result<void> Replica::flush() {
  return impl_->options.journal == nullptr ? Result<void>() : impl_->options.journal->flush();
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
  return impl_->chain_at(origin, seq);
}

std::optional<std::uint64_t> Replica::Impl::chain_at(const NodeId& origin, Sequence seq) const {
  if (seq == 0) return 0;
  const OriginProgress* known = progress(origin);
  if (known == nullptr || seq > known->chained) return std::nullopt;
  if (seq < known->base.seq) return std::nullopt;  // forgotten with what was trimmed
  auto [at, chain] = known->chain_before(seq);
  const Storage& storage = contents->storage();
  while (at < seq) {
    const Lsn lsn = storage.find({origin, ++at}, storage.appended());
    if (lsn == 0) return std::nullopt;  // a merge left it out
    chain = chain_hash(chain, storage.view(lsn));
  }
  return chain;
}

Result<void> Replica::reidentify() {
  std::unique_lock lock(impl_->mutex);
  if (auto renamed = impl_->reidentify(); !renamed) return renamed;
  impl_->show_log();
  return impl_->release(lock, 0);
}

Result<void> Replica::set_property(std::string_view name, std::optional<std::string_view> value) {
  if (name.empty() || name.size() > limits::max_property_name_bytes ||
      (value && value->size() > limits::max_property_value_bytes)) {
    return Error{ErrorCode::too_large,
                 "a property has a name of 1 to " +
                     std::to_string(limits::max_property_name_bytes) + " and a value of at most " +
                     std::to_string(limits::max_property_value_bytes) + " bytes"};
  }
  const std::unique_lock lock(impl_->mutex);
  const auto found = impl_->properties.find(name);
  const bool same = found == impl_->properties.end() ? !value : value && found->second == *value;
  if (same) return {};
  Property property{std::string(name), std::nullopt};
  if (value) property.value.emplace(*value);
  const std::string bytes = encode_property(property);
  if (auto kept = impl_->journal_bytes(JournalEntryKind::property, bytes); !kept) return kept;
  impl_->set_property(property.name, std::move(property.value));
  return {};
}

void Replica::Impl::set_property(const std::string& name, std::optional<std::string> value) {
  if (value) {
    properties[name] = std::move(*value);
  } else {
    properties.erase(name);
  }
}

std::optional<std::string> Replica::property(std::string_view name) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->properties.find(name);
  if (found == impl_->properties.end()) return std::nullopt;
  return found->second;
}

std::map<std::string, std::string> Replica::properties(std::string_view prefix) const {
  const std::shared_lock lock(impl_->mutex);
  std::map<std::string, std::string> found;
  for (auto each = impl_->properties.lower_bound(prefix);
       each != impl_->properties.end() && each->first.starts_with(prefix); ++each) {
    found.insert(*each);
  }
  return found;
}

Subscription Replica::subscribe(std::function<void(Lsn)> callback) {
  const std::uint64_t id = impl_->subscribers->add(std::move(callback));
  return Subscription([subscribers = impl_->subscribers, id] { subscribers->remove(id); });
}

void Replica::Impl::raise_summary(const VectorClock& covered) {
  for (const VectorClock::Entry& entry : covered.entries()) {
    if (entry.node == options.node) continue;  // nobody knows better what was written here
    OriginProgress& origin = contents->progress_of(entry.node);
    origin.summary = std::max(origin.summary, entry.seq);
  }
}

Result<void> Replica::cover(const VectorClock& clock) {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->summary().covers(clock)) {
    const std::string bytes = encode_clock(clock);
    if (auto kept = impl_->journal_bytes(JournalEntryKind::summary, bytes); !kept) return kept;
    impl_->raise_summary(clock);
  }
  return impl_->release(lock, impl_->contents->storage().appended());
}

}  // namespace syncline
