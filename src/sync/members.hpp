// Reading the members of a body, with errors that name the member and its right form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "sync/messages.hpp"

namespace syncline {

/// Reads one object. The first thing that is wrong is kept, and everything read after it is empty,
/// so that a message is read in one go and asked once. Members that are null count as absent.
class MemberReader {
 public:
  /// `body` has to outlive the reader.
  explicit MemberReader(const nlohmann::json& body);

  // Required members.
  std::uint64_t number(std::string_view name);
  std::string text(std::string_view name);
  NodeId node(std::string_view name);
  WireClock clock(std::string_view name);

  // Members that may be absent.
  std::uint64_t number_or(std::string_view name, std::uint64_t otherwise);
  std::optional<std::uint64_t> optional_number(std::string_view name);
  std::string text_or(std::string_view name, std::string_view otherwise);
  bool boolean_or(std::string_view name, bool otherwise);
  NodeId node_or_nil(std::string_view name);
  std::optional<WireClock> optional_clock(std::string_view name);
  std::optional<HybridTime> optional_time(std::string_view name);
  std::optional<std::vector<std::string>> optional_texts(std::string_view name);
  std::map<std::string, std::string, std::less<>> text_map(std::string_view name);
  /// The records of the list `name` and its LSNs. Every element has to be a change.
  ChangeList changes(std::string_view name);
  AnswerHeader header();
  StableState stable(std::string_view name);

  /// The value of `name`, null if absent.
  const nlohmann::json* find(std::string_view name) const;
  /// Notes that `name` is wrong, unless something was wrong before.
  void refuse(std::string_view name, std::string_view right_form);
  void refuse(const Error& error);
  bool ok() const noexcept { return !error_; }

  /// `message` if everything was right, else the error.
  template <typename Message>
  Result<Message> result(Message message) {
    if (error_) return std::move(*error_);
    return message;
  }

 private:
  const nlohmann::json* required(std::string_view name, std::string_view right_form);

  const nlohmann::json& body_;
  std::optional<Error> error_;
};

/// "member 'x' is wrong: expected …".
Error wrong_member(std::string_view name, std::string_view right_form);
Result<HybridTime> time_from_body(const nlohmann::json& body, std::string_view name);

// Writing what several messages have.
void header_to_body(nlohmann::json& body, const AnswerHeader& header);
nlohmann::json stable_to_body(const StableState& stable);
void changes_to_body(nlohmann::json& body, const std::string& name, const ChangeList& changes);
void set_clock(nlohmann::json& body, const char* name, const std::optional<WireClock>& clock);

}  // namespace syncline
