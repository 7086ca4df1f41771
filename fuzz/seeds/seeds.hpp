// Inputs to begin with, made of what the project's own encoders write and of the golden files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace syncline::fuzz {

/// Puts inputs into one folder for each target.
class SeedFolder {
 public:
  explicit SeedFolder(std::filesystem::path root) : root_(std::move(root)) {}

  /// Larger inputs are left out: they would make fuzzing slow. Throws on errors of the disk.
  void add(const std::string& target, const std::string& name, std::string_view bytes);
  /// With a byte in front, by which the target chooses what to do.
  void add(const std::string& target, const std::string& name, std::uint8_t selector,
           std::string_view bytes);

 private:
  std::filesystem::path root_;
};

/// From tests/golden. `golden` is that folder.
void add_golden_seeds(SeedFolder& seeds, const std::filesystem::path& golden);
/// A few examples of each kind of text.
void add_text_seeds(SeedFolder& seeds);
/// Journals, catalogues, tokens and compressed bodies.
void add_binary_seeds(SeedFolder& seeds);
/// What a client and a server really say to each other, over HTTP and over a live connection.
void add_conversation_seeds(SeedFolder& seeds);

}  // namespace syncline::fuzz
