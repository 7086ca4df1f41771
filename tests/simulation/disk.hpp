// What a site's processes leave behind: a disk with the journal of its tenant.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "script.hpp"
#include "syncline/journal.hpp"
#include "syncline/random.hpp"
#include "syncline/tenant_store.hpp"

namespace syncline::sim {

/// What becomes of a step of a disk.
enum class DiskFault : std::uint8_t {
  refused,  ///< it fails, and nothing is done
  torn,     ///< a write fails after half of its bytes
  lost,     ///< a sync fails, and what it should have made durable never is
  full,     ///< it and all after it fail, until somebody sees to it
  power,    ///< it and all after it fail; then the power is cut
};
inline constexpr std::uint32_t disk_faults = 5;

/// One site's disk. The journal that it gives has to be let go before it is opened again.
class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  virtual Result<std::shared_ptr<Journal>> open_journal() = 0;
  /// What was not synced is lost or torn, and nothing is done any more until `power_back`. The
  /// journal is of no more use.
  virtual void cut_power(Random& random) = 0;
  virtual void power_back() = 0;
  /// A disk with the same bytes. `image`: the copy cannot be told from the original.
  virtual std::shared_ptr<Disk> copy(bool image) const = 0;
  /// The `steps`-th step from now on meets `fault`.
  virtual void fail_after(std::uint64_t steps, DiskFault fault) = 0;
  /// Takes this many bytes more; 0: any number.
  virtual void set_room(std::uint64_t bytes) = 0;
  /// True once a step met `DiskFault::power`.
  virtual bool lost_power() const = 0;
  /// Something was to fail since the last `repair`.
  virtual bool in_trouble() const = 0;
  /// Nothing fails any more, and there is room.
  virtual void repair() = 0;
  /// What a process that waits for nothing does now and then.
  virtual void flush() = 0;

  StoredTenant tenant;  ///< the catalogue; the store keeps it here
};

std::shared_ptr<Disk> make_disk(const Setup& setup);

/// A disk as a process finds it.
struct Volume {
  std::shared_ptr<Disk> disk;
  bool restored = false;  ///< whoever starts is told that this is an older copy
};

/// Tenants, each on a disk of its own.
class DiskStore final : public TenantStore {
 public:
  explicit DiskStore(std::vector<Volume> volumes) : volumes_(std::move(volumes)) {}

  Result<std::vector<StoredTenant>> load() override;
  Result<TenantJournal> create_journal(std::string_view id) override;
  Result<TenantJournal> open_journal(const StoredTenant& tenant) override;
  Result<void> save(const StoredTenant& tenant) override;
  Result<void> remove(std::string_view id) override;

 private:
  Volume* find(std::string_view id);

  std::vector<Volume> volumes_;
};

}  // namespace syncline::sim
