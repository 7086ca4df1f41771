// Mutations of documents.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace syncline::fuzz {

/// `text`, which is JSON or MessagePack, with something changed in its values, members or elements,
/// in the same format. nullopt if it is neither.
std::optional<std::string> mutate_document(std::string_view text, std::minstd_rand& random);

}  // namespace syncline::fuzz
