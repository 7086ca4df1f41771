#include "disk_files.hpp"

#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace syncline::sim {
namespace {

constexpr const char* journal_directory = "journal";
/// Small, so that short histories have several.
constexpr std::uint64_t segment_bytes = std::uint64_t{64} << 10;

std::uint64_t bytes_in(const FileSystem& files, FileSystem& opener) {
  std::uint64_t sum = 0;
  const auto entries = files.list(journal_directory);
  if (!entries) return 0;
  for (const DirectoryEntry& entry : *entries) {
    const auto file = opener.open(join_path(journal_directory, entry.name), FileMode::read);
    if (!file) continue;
    const auto size = (*file)->size();
    if (size) sum += *size;
  }
  return sum;
}

/// Copies one file; what is in `to` is synced.
void copy_file(FileSystem& from, FileSystem& to, const std::string& path) {
  const auto source = from.open(path, FileMode::read);
  const auto target = to.open(path, FileMode::create);
  if (!source || !target) return;
  std::vector<std::uint8_t> bytes((*source)->size().value());
  bytes.resize((*source)->read_at(0, bytes).value());
  static_cast<void>((*target)->write_at(0, bytes));
  static_cast<void>((*target)->sync());
}

}  // namespace

class StepFlusher::Entry final : public JournalFlusher::Registration {
 public:
  Entry(std::shared_ptr<Works> works, std::function<void()> work) : works_(std::move(works)) {
    works_->list.push_back(std::move(work));
    place_ = std::prev(works_->list.end());
  }
  ~Entry() override { works_->list.erase(place_); }
  void nudge() override {}

 private:
  std::shared_ptr<Works> works_;
  std::list<std::function<void()>>::iterator place_;
};

std::unique_ptr<JournalFlusher::Registration> StepFlusher::every(std::chrono::milliseconds,
                                                                 std::function<void()> work) {
  return std::make_unique<Entry>(works_, std::move(work));
}

void StepFlusher::step() {
  for (const auto& work : works_->list) work();
}

FileDisk::FileDisk(Durability durability, std::size_t shift)
    : durability_(durability), shift_(shift), flusher_(std::make_shared<StepFlusher>()) {
  for (std::size_t i = 0; i < shift; ++i) {
    static_cast<void>(files_.create_directories("spare-" + std::to_string(i)));
  }
  static_cast<void>(files_.create_directories(journal_directory));
  static_cast<void>(files_.sync_directory("/"));
  faulty_.on_step([this](std::uint64_t step) {
    if (power_step_ != 0 && step >= power_step_) lost_power_ = true;
  });
}

Result<std::shared_ptr<Journal>> FileDisk::open_journal() {
  FileJournal::Options options;
  options.directory = journal_directory;
  options.files = &faulty_;
  options.durability = durability_;
  options.segment_bytes = segment_bytes;
  options.lock_directory = false;  // the site's process is the only one
  options.flusher = flusher_;
  auto opened = FileJournal::open(std::move(options));
  if (!opened) return opened.error();
  return std::shared_ptr<Journal>(std::move(*opened));
}

void FileDisk::cut_power(Random& random) {
  faulty_.fail_from(faulty_.steps() + 1);
  files_.crash(random);
}

void FileDisk::power_back() {
  faulty_.stop_failing();
  lost_power_ = false;
  power_step_ = 0;
}

std::shared_ptr<Disk> FileDisk::copy(bool image) const {
  auto made = std::make_shared<FileDisk>(durability_, image ? shift_ : shift_ + 1);
  made->tenant = tenant;
  const auto entries = files_.list(journal_directory);
  if (!entries) return made;
  for (const DirectoryEntry& entry : *entries) {
    copy_file(files_, made->files_, join_path(journal_directory, entry.name));
  }
  static_cast<void>(made->files_.sync_directory(journal_directory));
  return made;
}

void FileDisk::fail_after(std::uint64_t steps, DiskFault fault) {
  const std::uint64_t step = faulty_.steps() + 1 + steps;
  power_step_ = 0;
  in_trouble_ = true;
  switch (fault) {
    case DiskFault::refused:
      return faulty_.fail_at(step, test::Fault::refused);
    case DiskFault::torn:
      return faulty_.fail_at(step, test::Fault::torn);
    case DiskFault::lost:
      return faulty_.fail_at(step, test::Fault::lost);
    case DiskFault::full:
      return faulty_.fail_from(step, test::Fault::refused);
    case DiskFault::power:
      power_step_ = step;
      return faulty_.fail_from(step, test::Fault::torn);
  }
}

void FileDisk::set_room(std::uint64_t bytes) {
  if (bytes != 0) in_trouble_ = true;
  files_.set_capacity(bytes == 0 ? std::numeric_limits<std::uint64_t>::max()
                                 : bytes_in(files_, files_) + bytes);
}

void FileDisk::repair() {
  power_back();
  set_room(0);
  in_trouble_ = false;
}

void FileDisk::flush() { flusher_->step(); }

}  // namespace syncline::sim
