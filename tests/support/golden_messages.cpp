#include "support/golden_messages.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path folder = fs::path(__FILE__).parent_path().parent_path() / "golden/messages";

constexpr BodyFormat formats[] = {BodyFormat::json, BodyFormat::msgpack};

std::string suffix(BodyFormat format) { return format == BodyFormat::json ? ".json" : ".msgpack"; }

fs::path file_of(const std::string& name, BodyFormat format) {
  return folder / (name + suffix(format));
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.is_open(), "no such file: " << path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A body without what looks different in the two formats: changes, their places, payloads.
json comparable(const json& body) {
  static const std::set<std::string, std::less<>> differing{
      "changes",      "lsns",    "rows",         "rows_lsns",   "history",
      "history_lsns", "markers", "markers_lsns", "received_at", "local",
      "remote",       "data",    "base",         "siblings",    "before"};
  if (!body.is_structured()) return body;
  json kept = body.is_object() ? json::object() : json::array();
  for (const auto& [name, value] : body.items()) {
    if (body.is_array()) {
      kept.push_back(comparable(value));
    } else if (!differing.contains(name) || value.is_number()) {
      kept[name] = comparable(value);
    }
  }
  return kept;
}

/// True if `all` has every member of `part` with the same value, on every level.
bool has_members(const json& all, const json& part) {
  if (!part.is_object() || !all.is_object()) return all == part;
  for (const auto& [name, value] : part.items()) {
    if (!all.contains(name) || !has_members(all[name], value)) return false;
  }
  return true;
}

std::string rewritten(const GoldenMessage& message, const std::string& bytes, BodyFormat format) {
  auto body = parse_body(bytes, format);
  REQUIRE(body);
  auto again = message.rewrite(std::move(*body), format);
  REQUIRE(again);
  return std::move(*again);
}

void check_older(const GoldenMessage& message) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (!message.rewrite || !name.starts_with(message.name + "@")) continue;
    CAPTURE(entry.path().string());
    const BodyFormat format =
        entry.path().extension() == ".json" ? BodyFormat::json : BodyFormat::msgpack;
    const std::string bytes = content(entry.path());
    const auto old_body = parse_body(bytes, format);
    const auto new_body = parse_body(rewritten(message, bytes, format), format);
    REQUIRE(old_body);
    REQUIRE(new_body);
    CHECK(has_members(*new_body, *old_body));
  }
}

}  // namespace

void check_golden(const GoldenMessage& message) {
  CAPTURE(message.name);
  for (const BodyFormat format : formats) {
    const std::string kept = content(file_of(message.name, format));
    CAPTURE(format == BodyFormat::json);
    CHECK(message.write(format) == kept);
    REQUIRE(parse_body(kept, format));
    if (message.rewrite) CHECK(rewritten(message, kept, format) == kept);
  }
  check_older(message);
  if (!message.same_in_both) return;
  const json text = json::parse(content(file_of(message.name, BodyFormat::json)));
  const json packed = json::from_msgpack(content(file_of(message.name, BodyFormat::msgpack)));
  CHECK(comparable(text) == comparable(packed));
}

void make_golden(const GoldenMessage& message) {
  fs::create_directories(folder);
  for (const BodyFormat format : formats) {
    std::ofstream(file_of(message.name, format), std::ios::binary) << message.write(format);
  }
}

std::size_t count_golden(const std::function<bool(std::string_view)>& wanted) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    const bool older = name.find('@') != std::string::npos;
    if (entry.path().extension() != ".md" && !older && wanted(name)) names.insert(name);
  }
  return names.size();
}

}  // namespace syncline::test
