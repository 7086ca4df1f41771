// A disk with a real journal on files that lose power, tear, fill up and fail.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>

#include "disk.hpp"
#include "support/faulty_files.hpp"
#include "syncline/file_journal.hpp"
#include "syncline/memory_files.hpp"

namespace syncline::sim {

/// Flushes when it is told to.
class StepFlusher final : public JournalFlusher {
 public:
  std::unique_ptr<Registration> every(std::chrono::milliseconds,
                                      std::function<void()> work) override;
  /// Calls all work that is registered.
  void step();

 private:
  class Entry;
  struct Works {
    std::list<std::function<void()>> list;
  };
  std::shared_ptr<Works> works_ = std::make_shared<Works>();
};

/// `FileJournal` on `MemoryFiles`, behind `FaultyFiles`.
class FileDisk final : public Disk {
 public:
  /// A directory's identity, by which a copy knows that it is one, grows with `shift`.
  FileDisk(Durability durability, std::size_t shift);

  Result<std::shared_ptr<Journal>> open_journal() override;
  void cut_power(Random& random) override;
  void power_back() override;
  std::shared_ptr<Disk> copy(bool image) const override;
  void fail_after(std::uint64_t steps, DiskFault fault) override;
  void set_room(std::uint64_t bytes) override;
  bool lost_power() const override { return lost_power_; }
  bool in_trouble() const override { return in_trouble_; }
  void repair() override;
  void flush() override;

 private:
  const Durability durability_;
  const std::size_t shift_;
  mutable MemoryFiles files_;
  test::FaultyFiles faulty_{files_};
  std::shared_ptr<StepFlusher> flusher_;
  bool lost_power_ = false;
  bool in_trouble_ = false;
  std::uint64_t power_step_ = 0;  ///< from this step of `faulty_` on there is none; 0: there is
};

}  // namespace syncline::sim
