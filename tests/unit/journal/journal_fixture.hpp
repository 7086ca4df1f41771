// Journals in memory files, and what is in them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/file_journal.hpp"
#include "syncline/memory_files.hpp"

namespace syncline::test {

/// An entry that owns its bytes.
struct OwnedEntry {
  JournalEntryKind kind = JournalEntryKind::change;
  Lsn lsn = 0;
  std::string bytes;
  std::uint64_t received_at_us = 0;
  bool skewed = false;

  JournalEntry view() const {
    return {kind,
            lsn,
            received_at_us,
            skewed,
            {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}};
  }
  static OwnedEntry of(const JournalEntry& entry) {
    return {entry.kind, entry.lsn, std::string(entry.bytes.begin(), entry.bytes.end()),
            entry.received_at_us, entry.skewed};
  }
  friend bool operator==(const OwnedEntry&, const OwnedEntry&) = default;
};

inline OwnedEntry change(Lsn lsn, std::size_t bytes = 20) {
  std::string text = "change " + std::to_string(lsn) + ' ';
  text.resize(std::max(bytes, text.size()), static_cast<char>('a' + lsn % 26));
  return {JournalEntryKind::change, lsn, text, 1'000'000 + lsn, lsn % 3 == 0};
}

inline OwnedEntry property(std::string text) {
  return {JournalEntryKind::property, 0, std::move(text), 0, false};
}

inline Result<JournalPosition> append(Journal& journal, const std::vector<OwnedEntry>& entries) {
  std::vector<JournalEntry> views;
  for (const OwnedEntry& entry : entries) views.push_back(entry.view());
  return journal.append(views);
}

/// Appends and waits.
inline Result<void> commit(Journal& journal, const std::vector<OwnedEntry>& entries) {
  const auto position = append(journal, entries);
  if (!position) return position.error();
  return journal.wait_durable(*position);
}

inline Result<std::vector<OwnedEntry>> contents(Journal& journal) {
  std::vector<OwnedEntry> found;
  const auto replayed = journal.replay([&](const JournalEntry& entry) -> Result<void> {
    found.push_back(OwnedEntry::of(entry));
    return {};
  });
  if (!replayed) return replayed.error();
  return found;
}

struct OpenJournal {
  std::shared_ptr<FileJournal> journal;
  std::vector<OwnedEntry> found;
};

inline FileJournal::Options journal_options(FileSystem& files, std::string directory = "/data") {
  FileJournal::Options options;
  options.directory = std::move(directory);
  options.files = &files;
  return options;
}

/// Opens and replays. Errors: of either.
inline Result<OpenJournal> try_open(const FileJournal::Options& options) {
  auto journal = FileJournal::open(options);
  if (!journal) return journal.error();
  auto found = contents(**journal);
  if (!found) return found.error();
  return OpenJournal{std::move(*journal), std::move(*found)};
}

inline OpenJournal open_journal(const FileJournal::Options& options) {
  auto opened = try_open(options);
  REQUIRE_MESSAGE(opened, (opened ? std::string() : to_string(opened.error())));
  return std::move(*opened);
}

/// How many files of the journal in /data are called so.
inline std::size_t count_files(FileSystem& files, const std::string& suffix) {
  std::size_t count = 0;
  const auto entries = files.list("/data");
  for (const DirectoryEntry& entry : *entries) count += entry.name.ends_with(suffix) ? 1 : 0;
  return count;
}

}  // namespace syncline::test
