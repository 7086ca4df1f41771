// Consumers of a tenant's changes that are known by name, and how far they have read.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/replica.hpp"

namespace syncline {

/// One named consumer. A value.
struct Consumer {
  std::string name;
  LogId log_id;  ///< of the log in which `lsn` is a place
  Lsn lsn = 0;   ///< it has dealt with everything up to here
  std::uint64_t first_seen_us = 0;
  std::uint64_t last_seen_us = 0;
};

/// The named consumers of one tenant, kept with its replica. What is kept may lag behind by a
/// second, so that after a crash a consumer holds a little more than it needs. Thread-safe.
class Consumers {
 public:
  /// Begins with what `replica` has kept. It has to outlive this.
  explicit Consumers(Replica& replica);

  /// Notes that `name` goes on from `lsn` of log `log_id`, be it back. Errors: `bad_request` (a
  /// name is 1 to 63 characters out of letters, digits, '.', '_' and '-'), `quota_exceeded`,
  /// `unavailable`.
  Result<void> note(std::string_view name, const LogId& log_id, Lsn lsn, std::uint64_t now_us);
  std::optional<Consumer> find(std::string_view name) const;
  std::vector<Consumer> list() const;  ///< sorted by name
  /// Errors: `not_found`, `unavailable`.
  Result<void> forget(std::string_view name);
  /// Keeps what has changed.
  void keep();

 private:
  struct Entry {
    Consumer consumer;
    std::uint64_t kept_us = 0;  ///< when it was kept last
    bool dirty = false;
  };
  Result<void> write(Entry& entry);

  Replica& replica_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> consumers_;
};

}  // namespace syncline
