// usage: fuzz_replay <target> <folder>…
// Runs every file of the folders through a fuzz target, and says how many there were. Needs no
// fuzzing engine, so it is built by every compiler.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

#include "targets.hpp"

namespace {

namespace fs = std::filesystem;

// For the signal handler, which may use little else.
char current_file[4096];

void name_file(int signal) {
  constexpr char words[] = "the input is ";
  // Whether this is written or not, the process ends.
  if (write(STDERR_FILENO, words, sizeof words - 1) >= 0 &&
      write(STDERR_FILENO, current_file, std::strlen(current_file)) >= 0 &&
      write(STDERR_FILENO, "\n", 1) >= 0) {
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void run(syncline::fuzz::Target* target, const fs::path& path) {
  std::snprintf(current_file, sizeof current_file, "%s", path.c_str());
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  target({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

int main(int count, char** words) {
  const auto named =
      std::find_if(syncline::fuzz::targets.begin(), syncline::fuzz::targets.end(),
                   [&](const auto& target) { return count > 2 && target.name == words[1]; });
  if (named == syncline::fuzz::targets.end()) {
    std::fprintf(stderr, "usage: fuzz_replay <target> <folder>...\nthe targets are:");
    for (const auto& target : syncline::fuzz::targets) {
      std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
    }
    std::fprintf(stderr, "\n");
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) {
    std::signal(signal, name_file);
  }
  std::size_t inputs = 0;
  for (int i = 2; i < count; ++i) {
    if (!fs::is_directory(words[i])) continue;
    for (const fs::path& path : files_in(words[i])) {
      run(named->run, path);
      ++inputs;
    }
  }
  std::printf("%zu inputs\n", inputs);
  return inputs == 0 ? 1 : 0;
}
