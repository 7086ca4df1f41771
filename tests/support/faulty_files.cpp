#include "support/faulty_files.hpp"

#include <limits>
#include <mutex>
#include <optional>
#include <utility>

namespace syncline::test {
namespace {

Error injected(std::string_view action, const std::string& path) {
  return Error{ErrorCode::unavailable, "cannot " + std::string(action) + " " + path + ": injected"};
}

// Of a step that is no sync.
bool fails(std::optional<Fault> fault) { return fault && *fault != Fault::dropped; }

}  // namespace

struct FaultyFiles::State {
  mutable std::mutex mutex;
  std::uint64_t steps = 0;
  std::uint64_t first_picked = 0;
  std::uint64_t last_picked = 0;
  Fault fault = Fault::refused;
  std::function<void(std::uint64_t)> hook;

  void pick(std::uint64_t first, std::uint64_t last, Fault what) {
    const std::lock_guard guard(mutex);
    first_picked = first;
    last_picked = last;
    fault = what;
  }

  // Counts a step; what is to become of it, if it is a picked one.
  std::optional<Fault> step() {
    std::unique_lock guard(mutex);
    const std::uint64_t number = ++steps;
    if (hook) {
      const auto call = hook;
      guard.unlock();
      call(number);
      guard.lock();
    }
    if (number < first_picked || number > last_picked) return std::nullopt;
    return fault;
  }
};

class FaultyFiles::FaultyFile final : public File {
 public:
  FaultyFile(std::shared_ptr<State> state, MemoryFiles& files, std::unique_ptr<File> inner,
             std::string path)
      : state_(std::move(state)), files_(files), inner_(std::move(inner)), path_(std::move(path)) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    const auto fault = state_->step();
    if (!fails(fault)) return inner_->write_at(offset, bytes);
    if (fault == Fault::torn) {
      if (auto half = inner_->write_at(offset, bytes.first(bytes.size() / 2)); !half) return half;
    }
    return injected("write", path_);
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    return inner_->read_at(offset, out);
  }

  Result<void> sync() override {
    const auto fault = state_->step();
    if (fault == Fault::lost) files_.lose_unsynced(path_);
    if (fails(fault)) return injected("sync", path_);
    if (fault == Fault::dropped) return {};
    return inner_->sync();
  }

  Result<void> reserve(std::uint64_t size) override {
    if (fails(state_->step())) return injected("reserve room for", path_);
    return inner_->reserve(size);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (fails(state_->step())) return injected("truncate", path_);
    return inner_->truncate(size);
  }

  Result<std::uint64_t> size() const override { return inner_->size(); }

 private:
  std::shared_ptr<State> state_;
  MemoryFiles& files_;
  std::unique_ptr<File> inner_;
  std::string path_;
};

FaultyFiles::FaultyFiles(MemoryFiles& inner) : inner_(inner), state_(std::make_shared<State>()) {}
FaultyFiles::~FaultyFiles() = default;

Result<std::unique_ptr<File>> FaultyFiles::open(const std::string& path, FileMode mode) {
  const bool creates = mode == FileMode::create;
  if (creates && fails(state_->step())) return injected("create", path);
  auto file = inner_.open(path, mode);
  if (!file) return file;
  return std::unique_ptr<File>(
      std::make_unique<FaultyFile>(state_, inner_, std::move(*file), path));
}

bool FaultyFiles::exists(const std::string& path) const { return inner_.exists(path); }

Result<void> FaultyFiles::rename(const std::string& from, const std::string& to) {
  if (fails(state_->step())) return injected("rename", from + " to " + to);
  return inner_.rename(from, to);
}

Result<void> FaultyFiles::remove(const std::string& path) {
  if (fails(state_->step())) return injected("remove", path);
  return inner_.remove(path);
}

Result<void> FaultyFiles::remove_all(const std::string& path) {
  if (fails(state_->step())) return injected("remove", path);
  return inner_.remove_all(path);
}

Result<void> FaultyFiles::create_directories(const std::string& path) {
  if (fails(state_->step())) return injected("create the directory", path);
  return inner_.create_directories(path);
}

Result<void> FaultyFiles::sync_directory(const std::string& path) {
  const auto fault = state_->step();
  if (fails(fault)) return injected("sync", path);
  if (fault == Fault::dropped) return {};
  return inner_.sync_directory(path);
}

Result<std::vector<DirectoryEntry>> FaultyFiles::list(const std::string& path) const {
  return inner_.list(path);
}

Result<std::uint64_t> FaultyFiles::identity(const std::string& path) const {
  return inner_.identity(path);
}

Result<std::unique_ptr<FileLock>> FaultyFiles::lock(const std::string& path) {
  return inner_.lock(path);
}

std::uint64_t FaultyFiles::steps() const {
  const std::lock_guard guard(state_->mutex);
  return state_->steps;
}

void FaultyFiles::fail_at(std::uint64_t step, Fault fault) { state_->pick(step, step, fault); }

void FaultyFiles::fail_from(std::uint64_t step, Fault fault) {
  state_->pick(step, std::numeric_limits<std::uint64_t>::max(), fault);
}

void FaultyFiles::stop_failing() { state_->pick(0, 0, Fault::refused); }

void FaultyFiles::on_step(std::function<void(std::uint64_t)> hook) {
  const std::lock_guard guard(state_->mutex);
  state_->hook = std::move(hook);
}

}  // namespace syncline::test
