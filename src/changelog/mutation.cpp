#include "changelog/mutation.hpp"

#if defined(SYNCLINE_ENABLE_MUTANTS)

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace syncline {
namespace {

constexpr std::array names = {
#define MUTATION(name, sentence) std::string_view(#name),
#include "changelog/mutations.def"
};

Mutation chosen() noexcept {
  const char* wanted = std::getenv("SYNCLINE_MUTANT");
  if (wanted == nullptr || *wanted == '\0') return Mutation::none;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == wanted) return static_cast<Mutation>(i + 1);  // behind `none`
  }
  // A misspelt mutant must not pass for a survivor or for a caught one.
  std::fprintf(stderr, "unknown mutant '%s'\n", wanted);
  std::abort();
}

}  // namespace

bool mutated(Mutation which) noexcept {
  static const Mutation active = chosen();
  return active == which;
}

}  // namespace syncline

#endif
