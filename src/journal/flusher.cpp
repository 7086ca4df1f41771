#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "syncline/file_journal.hpp"

namespace syncline {

using SteadyTime = std::chrono::steady_clock::time_point;

struct FlusherThread::Impl {
  struct Task {
    std::chrono::milliseconds interval;
    std::function<void()> work;
    SteadyTime due;
    bool running = false;
  };

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Task>> tasks;
  bool stopping = false;
  std::thread thread;

  void run();
  std::shared_ptr<Task> next_due(SteadyTime now);
};

std::shared_ptr<FlusherThread::Impl::Task> FlusherThread::Impl::next_due(SteadyTime now) {
  const auto due =
      std::find_if(tasks.begin(), tasks.end(), [&](const auto& task) { return task->due <= now; });
  if (due == tasks.end()) return nullptr;
  // To the end of the line: one that is due again and again must not keep the others waiting.
  std::rotate(due, due + 1, tasks.end());
  return tasks.back();
}

void FlusherThread::Impl::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (const std::shared_ptr<Task> task = next_due(now)) {
      task->due = now + task->interval;
      task->running = true;
      lock.unlock();
      task->work();
      lock.lock();
      task->running = false;
      changed.notify_all();
      continue;
    }
    SteadyTime wake = now + std::chrono::hours(1);
    for (const auto& task : tasks) wake = std::min(wake, task->due);
    changed.wait_until(lock, wake);
  }
}

namespace {

/// Ends a task. Keeps what the thread works with alive, not the thread.
template <typename Impl>
class TaskRegistration final : public JournalFlusher::Registration {
 public:
  using Task = typename Impl::Task;
  TaskRegistration(std::shared_ptr<Impl> impl, std::shared_ptr<Task> task)
      : impl_(std::move(impl)), task_(std::move(task)) {}
  ~TaskRegistration() override {
    std::unique_lock lock(impl_->mutex);
    std::erase(impl_->tasks, task_);
    impl_->changed.wait(lock, [&] { return !task_->running; });
  }
  void nudge() override {
    const std::lock_guard lock(impl_->mutex);
    task_->due = SteadyTime::min();
    impl_->changed.notify_all();
  }

 private:
  std::shared_ptr<Impl> impl_;
  std::shared_ptr<Task> task_;
};

}  // namespace

FlusherThread::FlusherThread() : impl_(std::make_shared<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

FlusherThread::~FlusherThread() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->changed.notify_all();
  }
  impl_->thread.join();
}

std::unique_ptr<JournalFlusher::Registration> FlusherThread::every(
    std::chrono::milliseconds interval, std::function<void()> work) {
  auto task = std::make_shared<Impl::Task>();
  task->interval = std::max(interval, std::chrono::milliseconds(1));
  task->work = std::move(work);
  task->due = std::chrono::steady_clock::now() + task->interval;
  const std::lock_guard lock(impl_->mutex);
  impl_->tasks.push_back(task);
  impl_->changed.notify_all();
  return std::make_unique<TaskRegistration<Impl>>(impl_, std::move(task));
}

}  // namespace syncline
