// Runs the real program, as a command that ends or as a server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace cli_test {

/// What a command printed and how it ended.
struct Run {
  int status = -1;  ///< the exit status; -1 if it was ended by a signal
  std::string out;
  std::string err;
  /// The most memory that it had; at least what the test itself had when it started it.
  std::uint64_t peak_kib = 0;
};

/// Runs `syncline` with these words and waits for its end. `input` is its standard input.
Run run(const std::vector<std::string>& words, const std::string& input = {},
        const std::vector<std::string>& environment = {});

/// A program that is running, with its standard output at hand.
class Running {
 public:
  explicit Running(const std::vector<std::string>& words);
  /// Ends it by SIGKILL if it is still running.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// The next line of its standard output without the newline; empty if none comes in 20 seconds.
  std::string read_line();
  void signal(int number) const;
  /// Waits for its end, at most 20 seconds. The exit status, -1 if it was ended by a signal.
  int wait();
  pid_t process_id() const noexcept { return process_; }

 private:
  pid_t process_ = -1;
  int out_ = -1;
  std::string read_;
};

/// A server on a free port with the tenants "default" (lww) and others that are named, e.g.
/// "a:free".
class TestServer {
 public:
  explicit TestServer(const std::vector<std::string>& tenants = {"default"});
  /// Ends it by SIGTERM and checks that it exits with 0.
  ~TestServer();
  const std::string& url() const noexcept { return url_; }
  /// Runs a client command against it.
  Run run(std::vector<std::string> words, const std::string& input = {}) const;

 private:
  std::unique_ptr<Running> process_;
  std::string url_;
};

}  // namespace cli_test
