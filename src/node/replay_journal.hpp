// A journal that is read and never written: for making a replica of it without changing it.
#pragma once

#include <string>
#include <utility>

#include "syncline/file_journal.hpp"

namespace syncline::node {

/// Replays what is on the disk, and forgets what is appended.
class ReplayJournal final : public Journal {
 public:
  /// `files` has to outlive it.
  ReplayJournal(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  Result<JournalPosition> append(std::span<const JournalEntry>) override { return ++position_; }
  Result<void> wait_durable(JournalPosition) override { return {}; }
  Lsn durable_lsn() const noexcept override { return 0; }
  Result<void> flush() override { return {}; }
  Result<void> replay(const Visit& visit) override {
    const auto survey = survey_journal(
        files_, directory_,
        [&](const JournalEntry& entry, const std::string&, std::uint64_t) { return visit(entry); });
    return survey ? Result<void>() : survey.error();
  }
  Result<void> checkpoint(Lsn, const std::function<Result<void>(const Visit&)>&) override {
    return Error{ErrorCode::unavailable, "this journal is open for reading only"};
  }
  Lsn checkpoint_before(Lsn) const override { return 0; }
  void on_durable(std::function<void()>) override {}

 private:
  FileSystem& files_;
  std::string directory_;
  JournalPosition position_ = 0;
};

}  // namespace syncline::node
