// usage: fuzz_seeds <tests/golden> <folder to write to>
#include <cstdio>
#include <fstream>

#include "seeds/seeds.hpp"

namespace syncline::fuzz {

void SeedFolder::add(const std::string& target, const std::string& name, std::string_view bytes) {
  constexpr std::size_t most_bytes = std::size_t{64} << 10;
  if (bytes.size() > most_bytes) return;
  std::filesystem::create_directories(root_ / target);
  std::ofstream file(root_ / target / name, std::ios::binary);
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void SeedFolder::add(const std::string& target, const std::string& name, std::uint8_t selector,
                     std::string_view bytes) {
  add(target, name, static_cast<char>(selector) + std::string(bytes));
}

}  // namespace syncline::fuzz

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: fuzz_seeds <tests/golden> <folder to write to>\n");
    return 2;
  }
  std::filesystem::remove_all(words[2]);
  syncline::fuzz::SeedFolder seeds(words[2]);
  syncline::fuzz::add_golden_seeds(seeds, words[1]);
  syncline::fuzz::add_text_seeds(seeds);
  syncline::fuzz::add_binary_seeds(seeds);
  syncline::fuzz::add_conversation_seeds(seeds);
  return 0;
}
