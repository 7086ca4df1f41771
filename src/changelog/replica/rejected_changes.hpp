// The list of changes that were refused for good, kept among a replica's properties.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/private_change.hpp"

namespace syncline {

using Properties = std::map<std::string, std::string, std::less<>>;

/// How many such changes a replica keeps. Nothing is dropped to make room: as long as there is
/// none, nothing more is voided, and what is refused stays where it is. An app that never looks
/// shall not fill memory with what it will never look at.
inline constexpr std::size_t max_rejected_changes = 10'000;

/// Adds `rejected` to `properties`, as one of "rejected/<origin>/<seq>/<part>" or more: a property
/// holds less than the largest change. The parts joined are MessagePack [code str, detail str,
/// rejected at us, record bin].
void add_rejected(Properties& properties, const RejectedChange& rejected);
/// All there are, by origin and seq. What cannot be read is left out.
std::vector<RejectedChange> read_rejected(const Properties& properties);
std::size_t count_rejected(const Properties& properties);
/// The names of all parts of the change named `dot`; none if it is not there.
std::vector<std::string> rejected_names(const Properties& properties, const Dot& dot);

}  // namespace syncline
