#include "app/demo/cloud_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

// A server starts in milliseconds; on a machine under load in seconds.
constexpr int start_timeout_ms = 20'000;
// After SIGTERM a server finishes the requests under way, of which there are none.
constexpr int stop_timeout_ms = 15'000;
constexpr int stop_poll_ms = 5;

Error unavailable(const std::string& detail) {
  return Error(ErrorCode::unavailable, "the demo's cloud node " + detail);
}

// In the child: becomes the server. Only calls that are safe after a fork.
[[noreturn]] void become_server(int announce_to, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // it died before the line above
  dup2(announce_to, STDOUT_FILENO);
  std::array<const char*, 8> words{"syncline", "serve",       "--listen", "127.0.0.1:0",
                                   "--json",   "--log-level", "warn",     nullptr};
  execv("/proc/self/exe", const_cast<char* const*>(words.data()));
  _exit(127);
}

// The first line that comes through the pipe. Empty if there is none in time.
std::string read_line(int descriptor) {
  std::string line;
  pollfd waiting{descriptor, POLLIN, 0};
  while (line.find('\n') == std::string::npos) {
    if (poll(&waiting, 1, start_timeout_ms) <= 0) return {};
    std::array<char, 512> bytes{};
    const ssize_t count = read(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    line.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return line.substr(0, line.find('\n'));
}

}  // namespace

Result<std::unique_ptr<CloudProcess>> CloudProcess::start() {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return unavailable("could not be given a pipe");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become_server(pipe_ends[1], parent);
  close(pipe_ends[1]);
  if (child < 0) {
    close(pipe_ends[0]);
    return unavailable("could not be started");
  }
  std::unique_ptr<CloudProcess> process(new CloudProcess(child));
  const std::string line = read_line(pipe_ends[0]);
  close(pipe_ends[0]);
  process->url_ = text_of(parse_json(line), "url");
  if (process->url_.empty()) return unavailable("did not announce its address");
  return process;
}

CloudProcess::~CloudProcess() { stop(); }

bool CloudProcess::stop() {
  if (stopped_) return ended_well_;
  stopped_ = true;
  kill(process_, SIGTERM);
  int status = 0;
  for (int waited_ms = 0; waited_ms < stop_timeout_ms; waited_ms += stop_poll_ms) {
    const pid_t ended = waitpid(process_, &status, WNOHANG);
    if (ended == process_) {
      ended_well_ = WIFEXITED(status) && WEXITSTATUS(status) == 0;
      return ended_well_;
    }
    if (ended < 0 && errno != EINTR) return false;
    poll(nullptr, 0, stop_poll_ms);
  }
  kill(process_, SIGKILL);
  waitpid(process_, &status, 0);
  return false;
}

}  // namespace syncline::app
