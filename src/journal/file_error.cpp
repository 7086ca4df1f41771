#include "journal/file_error.hpp"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace syncline::journal_internal {

Error file_error(std::string_view action, std::string_view path, int number) {
  std::string text = "cannot ";
  text.append(action).append(" ").append(path).append(": ");
  const std::string cause = std::generic_category().message(number);
  text += cause;
  return Error{number == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable, std::move(text)}
      .with("disk", cause);
}

Error lock_held_error(std::string_view path, std::string_view text) {
  std::uint64_t id = 0;
  // Between taking the lock and writing the id there is a moment without one.
  const bool named = std::from_chars(text.data(), text.data() + text.size(), id).ec == std::errc{};
  std::string detail = "cannot lock ";
  detail.append(path).append(": ");
  detail += named ? "process " + std::to_string(id) : "another process";
  detail += " holds it and has to let it go first";
  // Even without a name the member says that waiting may help.
  return Error{ErrorCode::unavailable, std::move(detail)}.with("process", id);
}

}  // namespace syncline::journal_internal
