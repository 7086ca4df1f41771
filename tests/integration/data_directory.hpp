// Servers and edges on data directories, as processes.
#pragma once

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "integration/cli_process.hpp"

namespace cli_test {

/// A directory that goes with the test.
class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/syncline-data-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A server on a data directory, on a free port unless `more` has --listen.
class DataServer {
 public:
  explicit DataServer(const std::string& directory, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"serve", "--data", directory, "--json", "--log-level", "error"};
    if (std::find(more.begin(), more.end(), "--listen") == more.end()) {
      more.insert(more.end(), {"--listen", "127.0.0.1:0"});
    }
    words.insert(words.end(), more.begin(), more.end());
    process_ = std::make_unique<Running>(words);
    announced_ = nlohmann::json::parse(process_->read_line(), nullptr, false);
    REQUIRE(announced_.is_object());
  }

  const nlohmann::json& announced() const { return announced_; }
  std::string url() const { return announced_["url"].get<std::string>(); }
  std::string address() const { return url().substr(std::string("http://").size()); }
  pid_t process_id() const { return process_->process_id(); }
  Run run(const std::vector<std::string>& words, const std::string& input = {}) const {
    return cli_test::run(words, input, {"SYNCLINE_SERVER=" + url(), "SYNCLINE_TENANT=shop"});
  }
  void stop(int signal = SIGTERM) {
    process_->signal(signal);
    CHECK(process_->wait() == (signal == SIGKILL ? -1 : 0));
  }

 private:
  std::unique_ptr<Running> process_;
  nlohmann::json announced_;
};

inline nlohmann::json parsed(const Run& run) {
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  return nlohmann::json::parse(run.out);
}

inline void put(const DataServer& server, const std::string& row_id, const std::string& data) {
  REQUIRE(server.run({"put", "t", row_id, data}).status == 0);
}

inline Run on(const std::string& directory, std::vector<std::string> words) {
  words.insert(words.end(), {"--data", directory});
  return run(words);
}

inline std::string raw(const Run& run) { return run.status == 0 ? run.out : "status " + run.err; }

}  // namespace cli_test
