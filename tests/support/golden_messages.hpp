// Messages whose bytes are kept in tests/golden/messages.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/body.hpp"

namespace syncline::test {

/// A message with fixed contents.
struct GoldenMessage {
  /// Takes a body apart and writes what was understood; empty if nobody here reads such bodies.
  using Rewrite = std::function<Result<std::string>(nlohmann::json&&, BodyFormat)>;

  std::string name;  ///< of its files
  std::function<std::string(BodyFormat)> write;
  Rewrite rewrite;
  /// What another reader finds in it is the same in both formats, but for changes and payloads.
  bool same_in_both = true;
};

/// Checks that `message` is written to the bytes that are kept, that these are read as what they
/// stand for, and that older forms of it (`<name>@<version>`) are still read.
void check_golden(const GoldenMessage& message);

/// Writes the files of `message`.
void make_golden(const GoldenMessage& message);

/// The number of files of present messages whose names `wanted` lets through.
std::size_t count_golden(const std::function<bool(std::string_view)>& wanted);

}  // namespace syncline::test
