// The program as a server of its own, for benchmarks that go over the network.
#pragma once

#include <csignal>
#include <cstdint>
#include <fstream>
#include <memory>
#include <spawn.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "syncline/transport.hpp"
#include "workload.hpp"

namespace syncline::bench {

/// `VmHWM`, the most memory that a process ever had. 0: this process.
inline std::uint64_t peak_bytes(pid_t process) {
  const std::string name = process == 0 ? "self" : std::to_string(process);
  std::ifstream status("/proc/" + name + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  }
  expect(false, "the system does not tell the memory of a process");
  return 0;
}

/// The program, serving one tenant from memory.
class ServerProcess {
 public:
  ServerProcess() {
    int ends[2];
    expect(::pipe(ends) == 0, "no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::vector<std::string> words{"syncline", "serve",       "--listen", "127.0.0.1:0",
                                   "--json",   "--log-level", "error"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int failed =
        ::posix_spawn(&process_, SYNCLINE_BINARY, &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    expect(failed == 0, "the server does not start");
    ::close(ends[1]);
    out_ = ends[0];
    std::string line;
    for (char c = 0; ::read(out_, &c, 1) == 1 && c != '\n';) line += c;
    const auto announced = nlohmann::json::parse(line, nullptr, false);
    expect(announced.is_object(), "the server does not say where it is");
    url_ = announced["url"].get<std::string>();
  }
  ~ServerProcess() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    ::close(out_);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::unique_ptr<Transport> connect() const {
    HttpTransportOptions options;
    options.url = url_;
    auto transport = make_http_transport(options);
    expect(transport.has_value(), "no transport");
    return std::move(*transport);
  }
  const std::string& url() const noexcept { return url_; }
  std::uint64_t peak() const { return peak_bytes(process_); }

 private:
  pid_t process_ = -1;
  int out_ = -1;
  std::string url_;
};

}  // namespace syncline::bench
