#include "app/payload_argument.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "app/output.hpp"

namespace syncline::app {
namespace {

// What nlohmann says, without its own name and number before it.
std::string json_fault(const std::string& text) {
  try {
    const auto parsed = nlohmann::json::parse(text);
    static_cast<void>(parsed);
    return {};
  } catch (const nlohmann::json::exception& error) {
    const std::string what = error.what();
    const std::size_t bracket = what.find("] ");
    return bracket == std::string::npos ? what : what.substr(bracket + 2);
  }
}

}  // namespace

Result<std::string> read_payload(Session& session, const std::optional<std::string>& words,
                                 const std::string& format) {
  std::string bytes;
  if (words && *words != "-" && !words->starts_with('@')) {
    bytes = *words;
  } else {
    if (!words && isatty(STDIN_FILENO) != 0) {
      return Error(ErrorCode::bad_request,
                   "no data: write it after the row's id, or @file, or - for standard input");
    }
    const bool from_file = words && words->starts_with('@');
    auto read = read_whole(session, from_file ? words->substr(1) : "-");
    if (!read) return read.error();
    bytes = std::move(*read);
  }
  if (format != "json") return bytes;
  // What an editor or echo leaves at the end of a file is not part of the document.
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r')) bytes.pop_back();
  if (const std::string fault = json_fault(bytes); !fault.empty()) {
    return Error(ErrorCode::invalid_change, "the data are not JSON: " + fault);
  }
  return bytes;
}

std::string media_type(const std::string& format) {
  if (format == "msgpack") return "application/msgpack";
  if (format == "bytes") return "application/octet-stream";
  return "application/json";
}

std::vector<std::string> payload_formats() { return {"json", "msgpack", "bytes"}; }

}  // namespace syncline::app
