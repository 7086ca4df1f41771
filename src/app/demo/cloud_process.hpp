// A server in a process of its own.
#pragma once

#include <memory>
#include <string>

#include <sys/types.h>

#include "syncline/error.hpp"

namespace syncline::app {

/// This program run as `serve` on a free loopback port. It ends when this object does, and when
/// this process dies.
class CloudProcess {
 public:
  /// Returns when the server has announced its URL. Errors: `unavailable`.
  static Result<std::unique_ptr<CloudProcess>> start();
  ~CloudProcess();
  CloudProcess(const CloudProcess&) = delete;
  CloudProcess& operator=(const CloudProcess&) = delete;

  const std::string& url() const noexcept { return url_; }
  pid_t process_id() const noexcept { return process_; }
  /// Ends it by SIGTERM and waits. True if it ended as it should. Idempotent.
  bool stop();

 private:
  explicit CloudProcess(pid_t process) : process_(process) {}

  pid_t process_;
  std::string url_;
  bool stopped_ = false;
  bool ended_well_ = false;
};

}  // namespace syncline::app
