// A journal around another one, for tests that change one thing about it.
#pragma once

#include <memory>
#include <utility>

#include "syncline/journal.hpp"

namespace syncline::test {

class JournalOver : public Journal {
 public:
  explicit JournalOver(std::shared_ptr<Journal> inner = std::make_shared<MemoryJournal>())
      : inner_(std::move(inner)) {}

  Result<JournalPosition> append(std::span<const JournalEntry> batch) override {
    return inner_->append(batch);
  }
  Result<void> wait_durable(JournalPosition position) override {
    return inner_->wait_durable(position);
  }
  Lsn durable_lsn() const noexcept override { return inner_->durable_lsn(); }
  Result<void> flush() override { return inner_->flush(); }
  Result<void> replay(const Visit& visit) override { return inner_->replay(visit); }
  Result<void> checkpoint(Lsn first_kept,
                          const std::function<Result<void>(const Visit&)>& write) override {
    return inner_->checkpoint(first_kept, write);
  }
  Lsn checkpoint_before(Lsn lsn) const override { return inner_->checkpoint_before(lsn); }
  void on_durable(std::function<void()> callback) override {
    inner_->on_durable(std::move(callback));
  }
  bool is_copy() const noexcept override { return inner_->is_copy(); }

 private:
  std::shared_ptr<Journal> inner_;
};

}  // namespace syncline::test
