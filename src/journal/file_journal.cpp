// Opening and closing; the public face.

#include "syncline/file_journal.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "journal/file_journal_impl.hpp"
#include "journal/segment_reader.hpp"
#include "syncline/random.hpp"

namespace syncline {

using journal_internal::file_header_bytes;
using journal_internal::FileKind;

std::string_view to_string(Durability durability) noexcept {
  switch (durability) {
    case Durability::none:
      return "none";
    case Durability::interval:
      return "interval";
    case Durability::commit:
      return "commit";
  }
  return "commit";
}

Result<Durability> durability_from_string(std::string_view name) {
  for (const Durability each : {Durability::none, Durability::interval, Durability::commit}) {
    if (to_string(each) == name) return each;
  }
  return Error{ErrorCode::bad_request,
               "durability '" + std::string(name) + "' is none of none, interval, commit"};
}

namespace {

constexpr std::uint64_t least_segment_bytes = std::uint64_t{64} << 10;

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Creates the directory with those above it, all of them durable. Those that are there already may
/// be the work of an attempt that failed half-way, so they are synced as well; where that is not
/// allowed they are somebody else's.
Result<void> make_durable_directory(FileSystem& files, const std::string& directory) {
  const std::string parent = parent_of(directory);
  if (parent == directory) return {};
  const bool there = files.exists(directory);
  if (auto made = make_durable_directory(files, parent); !made) return made;
  if (!there) {
    if (auto made = files.create_directories(directory); !made) return made;
  }
  const auto synced = files.sync_directory(parent);
  return there ? Result<void>() : synced;
}

bool is_journal_file(const std::string& name) {
  if (name == std::string(journal_internal::manifest_name) + ".new") return true;
  // What a repair put aside begins otherwise and is nobody's business here.
  const bool numbered = !name.empty() && name.front() >= '0' && name.front() <= '9';
  return numbered && (name.ends_with(".segment") || name.ends_with(".segment.zst") ||
                      name.ends_with(".checkpoint"));
}

}  // namespace

FileJournal::Impl::Impl(Options given)
    : options(std::move(given)),
      files(options.files == nullptr ? system_files() : *options.files),
      flusher(options.flusher),
      reserve_step(least_segment_bytes / 4) {}

FileJournal::Impl::~Impl() { close(); }

/// Removes what a crash left: files that were being made and that no manifest names.
Result<void> FileJournal::Impl::remove_strangers() {
  std::set<std::string> named;
  for (const SegmentInfo& segment : manifest.segments) named.insert(segment.name());
  if (manifest.checkpoint.number != 0) named.insert(manifest.checkpoint.name());
  auto entries = files.list(options.directory);
  if (!entries) return entries.error();
  for (const DirectoryEntry& entry : *entries) {
    if (!is_journal_file(entry.name) || named.contains(entry.name)) continue;
    if (auto removed = files.remove(path_of(entry.name)); !removed) return removed;
  }
  return {};
}

Result<void> FileJournal::Impl::begin_new() {
  auto entries = files.list(options.directory);
  if (!entries) return entries.error();
  for (const DirectoryEntry& entry : *entries) {
    if (!is_journal_file(entry.name)) continue;
    // The first segment is made before the manifest: alone and empty it is a beginning cut short.
    const bool empty = [&] {
      auto bytes = read_file(files, path_of(entry.name), file_header_bytes);
      return bytes.has_value();
    }();
    if (empty || entry.name.ends_with(".new")) continue;
    return Error{
        ErrorCode::internal,
        path_of(journal_internal::manifest_name) + " is missing beside " + entry.name +
            ": the journal is not whole. Restore the file, or the directory from a backup"};
  }
  if (auto cleaned = remove_strangers(); !cleaned) return cleaned;
  SegmentInfo first;
  first.number = 1;
  auto file = create_file(first.name(), {FileKind::segment, first.number, 0, 0}, 0);
  if (!file) return file.error();
  const auto identity = files.identity(options.directory);
  if (!identity) return identity.error();
  Manifest next;
  next.directory = *identity;
  next.next_number = 2;
  next.closed_cleanly = true;
  next.segments.push_back(first);
  return replace_manifest(std::move(next));
}

Result<void> FileJournal::Impl::open() {
  if (options.directory.empty()) {
    return Error{ErrorCode::bad_request, "a journal needs a directory"};
  }
  if (options.segment_bytes < least_segment_bytes) {
    return Error{ErrorCode::bad_request,
                 "segment_bytes has to be at least " + std::to_string(least_segment_bytes)};
  }
  if (!files.exists(path_of(journal_internal::manifest_name))) {
    if (auto made = make_durable_directory(files, options.directory); !made) return made;
  }
  if (options.lock_directory) {
    auto locked = files.lock(path_of(journal_internal::lock_name));
    if (!locked) return locked.error();
    directory_lock = std::move(*locked);
  }
  if (!files.exists(path_of(journal_internal::manifest_name))) return begin_new();
  auto found = journal_internal::read_manifest(files, options.directory);
  if (!found) {
    Error error = found.error();
    if (error.code == ErrorCode::internal) error.detail += "; see 'syncline repair'";
    return error;
  }
  manifest = std::move(*found);
  const auto identity = files.identity(options.directory);
  if (!identity) return identity.error();
  copy = *identity != 0 && *identity != manifest.directory;
  return remove_strangers();
}

void FileJournal::Impl::start_flushing() {
  const bool needed = options.durability != Durability::commit || options.compress_closed;
  if (flusher == nullptr && needed) flusher = std::make_shared<FlusherThread>();
  if (flusher == nullptr) return;
  registration = flusher->every(options.interval, [this] { flush_in_background(); });
}

void FileJournal::Impl::close() {
  registration.reset();
  if (!replayed || active == nullptr) return;
  std::unique_lock lock(mutex);
  changed.wait(lock, [this] { return !busy; });
  if (!drain(lock)) return;  // the next opening finds what the disk has
  const Busy working(*this, lock);
  lock.unlock();
  if (manifest.closed_cleanly && !manifest_unsettled) return;
  const SegmentInfo& tail = manifest.segments.back();
  const std::uint64_t bytes = journal_internal::offset_in_file(durable, tail.start);
  if (!active->truncate(bytes) || !active->sync()) return;
  Manifest next = manifest;
  next.verified = durable;
  next.closed_cleanly = true;
  static_cast<void>(replace_manifest(std::move(next)));
}

Result<std::shared_ptr<FileJournal>> FileJournal::open(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto opened = impl->open(); !opened) return opened.error();
  return std::shared_ptr<FileJournal>(new FileJournal(std::move(impl)));
}

FileJournal::FileJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileJournal::~FileJournal() = default;

Result<JournalPosition> FileJournal::append(std::span<const JournalEntry> batch) {
  return impl_->append(batch);
}
Result<void> FileJournal::wait_durable(JournalPosition position) {
  return impl_->wait_durable(position);
}
Lsn FileJournal::durable_lsn() const noexcept { return impl_->durable_lsn; }
Result<void> FileJournal::flush() { return impl_->flush(); }
Result<void> FileJournal::replay(const Visit& visit) { return impl_->replay(visit); }
bool FileJournal::is_copy() const noexcept { return impl_->copy; }

Result<void> FileJournal::checkpoint(Lsn first_kept,
                                     const std::function<Result<void>(const Visit& emit)>& write) {
  return impl_->checkpoint(first_kept, write);
}

Lsn FileJournal::checkpoint_before(Lsn lsn) const {
  std::unique_lock lock(impl_->mutex);
  const Impl::Busy looking(*impl_, lock);
  const Manifest& manifest = impl_->manifest;
  Lsn begin = manifest.checkpoint.first_lsn;
  Lsn found = 0;
  for (const SegmentInfo& segment : manifest.segments) {
    if (begin == 0) begin = segment.first_lsn;
    if (segment.first_lsn > begin && segment.first_lsn <= lsn) found = segment.first_lsn;
  }
  return found;
}

void FileJournal::on_durable(std::function<void()> callback) {
  std::unique_lock lock(impl_->mutex);
  impl_->callback = std::move(callback);
  impl_->changed.wait(lock, [this] { return impl_->calling == 0; });
}

JournalOpening FileJournal::opening() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->opening;
}

}  // namespace syncline
