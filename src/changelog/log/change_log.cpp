#include "syncline/change_log.hpp"

#include <algorithm>
#include <cstring>

#include "changelog/log/storage.hpp"

namespace syncline {

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::applied:
      return "applied";
    case Verdict::superseded:
      return "superseded";
    case Verdict::convergent:
      return "convergent";
    case Verdict::conflict:
      return "conflict";
  }
  return "applied";
}

ChangeLog::ChangeLog(LogId id) : storage_(std::make_shared<log_internal::Storage>()), id_(id) {}
ChangeLog::~ChangeLog() = default;

Lsn ChangeLog::append(const ChangeView& change, const Filing& filing) {
  std::uint8_t* place = storage_->reserve(change.record.size());
  std::memcpy(place, change.record.data(), change.record.size());
  return storage_->append(view_trusted_record(place), filing);
}

void ChangeLog::publish() { storage_->publish(); }
LogReader ChangeLog::reader() const { return {storage_, id_}; }
std::shared_ptr<const log_internal::Storage> ChangeLog::shared_storage() const noexcept {
  return storage_;
}
void ChangeLog::replace(std::shared_ptr<log_internal::Storage> storage) noexcept {
  storage_ = std::move(storage);
}
Lsn ChangeLog::last_lsn() const noexcept { return storage_->published(); }

LogReader::LogReader(std::shared_ptr<const log_internal::Storage> storage, LogId id) noexcept
    : storage_(std::move(storage)), id_(id), last_lsn_(storage_->published()) {}

Lsn LogReader::first_lsn() const noexcept { return storage_->first(); }

std::uint64_t LogReader::running_hash(Lsn lsn) const noexcept {
  return storage_->running_hash(lsn);
}

bool LogReader::holds(Lsn lsn) const noexcept {
  return lsn != 0 && lsn <= last_lsn_ && storage_->holds(lsn);
}

LogEntry LogReader::at(Lsn lsn) const noexcept {
  LogEntry entry;
  storage_->fill(lsn, entry);
  return entry;
}

std::size_t LogReader::read(Lsn from, std::span<LogEntry> out) const noexcept {
  from = std::max(from, first_lsn());
  if (from > last_lsn_) return 0;
  const std::size_t count = std::min<std::uint64_t>(out.size(), last_lsn_ - from + 1);
  for (std::size_t i = 0; i < count; ++i) storage_->fill(from + i, out[i]);
  return count;
}

Lsn LogReader::first_received_since(std::uint64_t time_us) const noexcept {
  Lsn low = first_lsn();
  Lsn high = last_lsn_ + 1;
  while (low < high) {  // times of arrival never decrease along the log
    const Lsn middle = low + (high - low) / 2;
    if (storage_->entry(middle).received_ms() * 1000 >= time_us) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

const log_internal::BlockSummary& LogReader::block_of(Lsn lsn) const noexcept {
  return storage_->block_of(lsn);
}

Lsn LogReader::find(const Dot& dot) const { return storage_->find(dot, last_lsn_); }

VectorClock LogReader::clock_at(Lsn lsn) const {
  return storage_->origins().clock_at(std::min(lsn, last_lsn_));
}

}  // namespace syncline
