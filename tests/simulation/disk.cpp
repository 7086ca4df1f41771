#include "disk.hpp"

#include <utility>

#include "disk_files.hpp"

namespace syncline::sim {
namespace {

/// A journal in memory, on which everything is durable at once and nothing ever fails.
class MemoryDisk final : public Disk {
 public:
  MemoryDisk() : journal_(std::make_shared<MemoryJournal>()) {}
  explicit MemoryDisk(std::shared_ptr<MemoryJournal> journal) : journal_(std::move(journal)) {}

  Result<std::shared_ptr<Journal>> open_journal() override {
    return std::shared_ptr<Journal>(journal_);
  }
  void cut_power(Random&) override {}
  void power_back() override {}
  std::shared_ptr<Disk> copy(bool) const override {
    auto made = std::make_shared<MemoryDisk>(journal_->copy());
    made->tenant = tenant;
    return made;
  }
  void fail_after(std::uint64_t, DiskFault) override {}
  void set_room(std::uint64_t) override {}
  bool lost_power() const override { return false; }
  bool in_trouble() const override { return false; }
  void repair() override {}
  void flush() override {}

 private:
  std::shared_ptr<MemoryJournal> journal_;
};

}  // namespace

std::shared_ptr<Disk> make_disk(const Setup& setup) {
  if (setup.files == 0) return std::make_shared<MemoryDisk>();
  return std::make_shared<FileDisk>(setup.files == 1 ? Durability::commit : Durability::interval,
                                    0);
}

Volume* DiskStore::find(std::string_view id) {
  for (Volume& volume : volumes_) {
    if (volume.disk->tenant.id == id) return &volume;
  }
  return nullptr;
}

Result<std::vector<StoredTenant>> DiskStore::load() {
  std::vector<StoredTenant> tenants;
  for (const Volume& volume : volumes_) tenants.push_back(volume.disk->tenant);
  return tenants;
}

Result<TenantJournal> DiskStore::create_journal(std::string_view) {
  return Error(ErrorCode::unavailable, "there is no disk for another tenant");
}

Result<TenantJournal> DiskStore::open_journal(const StoredTenant& tenant) {
  const Volume* const volume = find(tenant.id);
  auto journal = volume->disk->open_journal();
  if (!journal) return journal.error();
  return TenantJournal{tenant.directory, std::move(*journal), volume->restored};
}

Result<void> DiskStore::save(const StoredTenant& tenant) {
  find(tenant.id)->disk->tenant = tenant;
  return {};
}

Result<void> DiskStore::remove(std::string_view) {
  return Error(ErrorCode::unavailable, "a tenant stays as long as its disk does");
}

}  // namespace syncline::sim
