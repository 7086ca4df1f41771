// Words for the enums of conflicts.

#include <algorithm>
#include <array>

#include "syncline/conflict.hpp"

namespace syncline {
namespace {

constexpr std::array<std::string_view, 9> kind_names = {
    "update_update", "update_delete", "delete_update", "insert_insert", "insert_update",
    "update_insert", "insert_delete", "delete_insert", "delete_delete"};
constexpr std::array<std::string_view, 3> status_names = {"open", "resolved", "convergent"};
constexpr std::array<std::string_view, 4> winner_names = {"none", "local", "remote", "merged"};

template <typename Enum, std::size_t Size>
Result<Enum> from_name(const std::array<std::string_view, Size>& names, std::string_view name,
                       std::string_view what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  std::string text = "unknown " + std::string(what) + " '" + std::string(name) + "'; there are: ";
  for (std::size_t i = 0; i < Size; ++i) {
    if (i != 0) text += ", ";
    text += names[i];
  }
  return Error{ErrorCode::bad_request, std::move(text)};
}

}  // namespace

std::string_view to_string(ConflictKind kind) noexcept {
  return kind_names[static_cast<std::size_t>(kind)];
}
Result<ConflictKind> conflict_kind_from_string(std::string_view name) {
  return from_name<ConflictKind>(kind_names, name, "kind of conflict");
}

std::string_view to_string(ConflictStatus status) noexcept {
  return status_names[static_cast<std::size_t>(status)];
}
Result<ConflictStatus> conflict_status_from_string(std::string_view name) {
  return from_name<ConflictStatus>(status_names, name, "status of a conflict");
}

std::string_view to_string(ConflictWinner winner) noexcept {
  return winner_names[static_cast<std::size_t>(winner)];
}

ConflictKind mirrored(ConflictKind kind) noexcept {
  switch (kind) {
    case ConflictKind::update_delete:
      return ConflictKind::delete_update;
    case ConflictKind::delete_update:
      return ConflictKind::update_delete;
    case ConflictKind::insert_update:
      return ConflictKind::update_insert;
    case ConflictKind::update_insert:
      return ConflictKind::insert_update;
    case ConflictKind::insert_delete:
      return ConflictKind::delete_insert;
    case ConflictKind::delete_insert:
      return ConflictKind::insert_delete;
    case ConflictKind::update_update:
    case ConflictKind::insert_insert:
    case ConflictKind::delete_delete:
      return kind;
  }
  return kind;
}

}  // namespace syncline
