#include "integration/cli_process.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace cli_test {
namespace {

constexpr int timeout_ms = 20'000;
constexpr int poll_ms = 2;

// A file without a name that is gone when it is closed.
class ScratchFile {
 public:
  ScratchFile() {
    std::string path = "/tmp/syncline-cli-XXXXXX";
    descriptor_ = mkstemp(path.data());
    REQUIRE(descriptor_ >= 0);
    unlink(path.c_str());
  }
  ~ScratchFile() { close(descriptor_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  void write_all(const std::string& text) {
    REQUIRE(::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    lseek(descriptor_, 0, SEEK_SET);
  }
  std::string read_all() {
    lseek(descriptor_, 0, SEEK_SET);
    std::string text;
    std::array<char, 65'536> bytes{};
    for (ssize_t count = 0; (count = ::read(descriptor_, bytes.data(), bytes.size())) > 0;) {
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int descriptor_ = -1;
};

// Starts the program with its three streams. Everything is prepared before the fork.
pid_t start(const std::vector<std::string>& words, int in, int out, int err,
            const std::vector<std::string>& environment) {
  std::vector<std::string> strings{"syncline"};
  strings.insert(strings.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : strings) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<std::string> settings = environment;
  std::vector<char*> variables;
  for (std::string& setting : settings) variables.push_back(setting.data());
  variables.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    if (err >= 0) dup2(err, STDERR_FILENO);
    execve(SYNCLINE_BINARY, arguments.data(), variables.data());
    _exit(127);
  }
  REQUIRE(child > 0);
  return child;
}

int status_of(int wait_status) { return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1; }

}  // namespace

Run run(const std::vector<std::string>& words, const std::string& input,
        const std::vector<std::string>& environment) {
  ScratchFile in;
  ScratchFile out;
  ScratchFile err;
  in.write_all(input);
  const pid_t child =
      start(words, in.descriptor(), out.descriptor(), err.descriptor(), environment);
  int wait_status = 0;
  rusage used{};
  REQUIRE(wait4(child, &wait_status, 0, &used) == child);
  return {status_of(wait_status), out.read_all(), err.read_all(),
          static_cast<std::uint64_t>(used.ru_maxrss)};
}

Running::Running(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  process_ = start(words, null, ends[1], -1, {});
  close(null);
  close(ends[1]);
  out_ = ends[0];
}

Running::~Running() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  close(out_);
}

std::string Running::read_line() {
  std::size_t end = 0;
  while ((end = read_.find('\n')) == std::string::npos) {
    pollfd waiting{out_, POLLIN, 0};
    if (poll(&waiting, 1, timeout_ms) <= 0) return {};
    std::array<char, 4096> bytes{};
    const ssize_t count = read(out_, bytes.data(), bytes.size());
    if (count <= 0) return {};
    read_.append(bytes.data(), static_cast<std::size_t>(count));
  }
  std::string line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return line;
}

void Running::signal(int number) const { kill(process_, number); }

int Running::wait() {
  int wait_status = 0;
  for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += poll_ms) {
    if (waitpid(process_, &wait_status, WNOHANG) == process_) {
      process_ = -1;
      return status_of(wait_status);
    }
    poll(nullptr, 0, poll_ms);
  }
  return -1;
}

TestServer::TestServer(const std::vector<std::string>& tenants) {
  std::vector<std::string> words{"serve",  "--listen",    "127.0.0.1:0",
                                 "--json", "--log-level", "error"};
  for (const std::string& tenant : tenants) {
    words.emplace_back("--tenant");
    words.push_back(tenant);
  }
  process_ = std::make_unique<Running>(words);
  const auto announced = nlohmann::json::parse(process_->read_line(), nullptr, false);
  REQUIRE(announced.is_object());
  url_ = announced.at("url").get<std::string>();
}

TestServer::~TestServer() {
  process_->signal(SIGTERM);
  CHECK(process_->wait() == 0);
}

Run TestServer::run(std::vector<std::string> words, const std::string& input) const {
  return cli_test::run(words, input, {"SYNCLINE_SERVER=" + url_});
}

}  // namespace cli_test
