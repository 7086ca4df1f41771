// Seeds out of tests/golden.
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

#include "seeds/seeds.hpp"
#include "support/steps.hpp"

namespace syncline::fuzz {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  std::string digits;
  for (const char c : text) {
    if (c == '\n' || c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

void add_record(SeedFolder& seeds, const fs::path& path) {
  const std::string name = path.stem().string();
  if (path.extension() == ".hex") {
    seeds.add("record", name, from_hex(content(path)));
  } else if (path.extension() == ".json") {
    seeds.add("change_json", name, content(path));
    seeds.add("json_text", name, content(path));
    seeds.add("words", "change_" + name, 1, content(path));
  }
}

// In the order of the table in targets/messages.cpp.
constexpr std::array<std::string_view, 14> message_names{
    "register_request", "register_response", "push_request",      "push_response",
    "pull_request",     "pull_response",     "heartbeat_request", "heartbeat_response",
    "exchange_request", "exchange_response", "snapshot_page",     "snapshot_upload",
    "upload_response",  "problem_",
};

void add_message(SeedFolder& seeds, const fs::path& path) {
  const bool text = path.extension() == ".json";
  if (!text && path.extension() != ".msgpack") return;
  const std::string name = path.filename().string();
  const std::string bytes = content(path);
  seeds.add("body", name, text ? 0 : 1, bytes);
  for (std::size_t i = 0; i < message_names.size(); ++i) {
    if (!name.starts_with(message_names[i])) continue;
    seeds.add("messages", name, static_cast<std::uint8_t>(2 * i + (text ? 0 : 1)), bytes);
  }
  std::string answer;
  append_step(answer, text ? 0 : 1, bytes);
  if (name.find("response") != std::string::npos || name.starts_with("snapshot_page")) {
    seeds.add("sync_client", name, answer);
  }
}

void add_frame(SeedFolder& seeds, const fs::path& path) {
  const bool text = path.extension() == ".json";
  if (!text && path.extension() != ".hex") return;
  const std::string bytes = text ? content(path) : from_hex(content(path));
  const std::string name = path.filename().string();
  seeds.add("live_frame", name, text ? 0 : 1, bytes);
  std::string step;
  append_step(step, text ? 0 : 1, bytes);
  seeds.add("live_session", name, step);
  seeds.add("live_client", name, step);
}

void add_data_file(SeedFolder& seeds, const fs::path& path) {
  if (path.extension() != ".hex") return;
  const std::string name = path.stem().string();
  const std::string bytes = from_hex(content(path));
  if (name == "NODE") {
    seeds.add("catalogue", "golden", 0, bytes);
    constexpr std::size_t head_bytes = 16;
    constexpr std::size_t hash_bytes = 8;
    seeds.add("catalogue", "golden_body", 1,
              bytes.substr(head_bytes, bytes.size() - head_bytes - hash_bytes));
  } else if (name == "MANIFEST") {
    const std::string of = path.parent_path().filename().string();
    constexpr std::size_t frame_bytes = 24;
    seeds.add("manifest", "golden_" + of, 0, bytes);
    seeds.add("manifest", "golden_members_" + of, 1, bytes.substr(frame_bytes));
  } else if (name.ends_with(".segment")) {
    // Behind a header that the target has written already.
    constexpr std::size_t header_bytes = 48;
    std::string steps(1, '\0');
    append_step(steps, 3, std::string_view(bytes).substr(header_bytes));
    seeds.add("journal", "golden_" + path.parent_path().filename().string(), steps);
  }
}

}  // namespace

void add_golden_seeds(SeedFolder& seeds, const fs::path& golden) {
  for (const auto& entry : fs::directory_iterator(golden / "records")) {
    add_record(seeds, entry.path());
  }
  for (const auto& entry : fs::directory_iterator(golden / "messages")) {
    add_message(seeds, entry.path());
  }
  for (const auto& entry : fs::directory_iterator(golden / "live")) add_frame(seeds, entry.path());
  for (const auto& entry : fs::recursive_directory_iterator(golden / "nodes")) {
    if (entry.is_regular_file()) add_data_file(seeds, entry.path());
  }
}

}  // namespace syncline::fuzz
