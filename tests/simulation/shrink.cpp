#include "shrink.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace syncline::sim {
namespace {

/// The script as small as it is known to be, and how many more may be tried.
class Shrinker {
 public:
  Shrinker(Script script, const Fails& fails, std::size_t most_runs)
      : best_(std::move(script)), fails_(fails), runs_left_(most_runs) {}

  Script shrink() {
    for (bool smaller = true; smaller && runs_left_ != 0;) {
      smaller = drop_steps();
      smaller = simplify_setup() || smaller;
      smaller = simplify_steps() || smaller;
    }
    return std::move(best_);
  }

 private:
  bool take(Script candidate) {
    if (runs_left_ == 0 || candidate == best_) return false;
    --runs_left_;
    if (!fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool drop_steps() {
    bool smaller = false;
    for (std::size_t size = std::max<std::size_t>(best_.steps.size() / 2, 1);; size /= 2) {
      for (std::size_t begin = 0; begin < best_.steps.size();) {
        Script candidate = best_;
        const std::size_t end = std::min(begin + size, candidate.steps.size());
        const auto first = candidate.steps.begin();
        candidate.steps.erase(first + static_cast<std::ptrdiff_t>(begin),
                              first + static_cast<std::ptrdiff_t>(end));
        if (take(std::move(candidate))) {
          smaller = true;
        } else {
          begin += size;
        }
      }
      if (size <= 1) return smaller;
    }
  }

  /// Tries smaller numbers for `number(script)`: none, then halves, then one less.
  template <typename Number>
  bool lower(Number number) {
    bool smaller = false;
    for (;;) {
      const auto now = number(best_);
      bool taken = false;
      using Value = std::remove_cvref_t<decltype(now)>;
      for (const std::uint64_t to :
           {std::uint64_t{0}, std::uint64_t{now} / 2, std::uint64_t{now} - 1}) {
        if (now == 0 || to >= now) continue;
        Script candidate = best_;
        number(candidate) = static_cast<Value>(to);
        if (take(std::move(candidate))) {
          taken = smaller = true;
          break;
        }
      }
      if (!taken) return smaller;
    }
  }

  bool simplify_setup() {
    bool smaller = false;
    for (const auto member : {&Setup::edges, &Setup::relays, &Setup::lines, &Setup::batch,
                              &Setup::json, &Setup::causal, &Setup::step_us}) {
      smaller = lower([member](auto& script) -> auto& { return script.setup.*member; }) || smaller;
    }
    return smaller;
  }

  bool simplify_steps() {
    bool smaller = false;
    for (std::size_t i = 0; i < best_.steps.size(); ++i) {
      for (const auto member : {&Step::site, &Step::other, &Step::row, &Step::at}) {
        smaller = lower([i, member](auto& script) -> auto& { return script.steps[i].*member; }) ||
                  smaller;
      }
      smaller = lower([i](auto& script) -> auto& { return script.steps[i].number; }) || smaller;
      if (best_.steps[i].act == Act::put) continue;
      Script candidate = best_;
      candidate.steps[i].act = Act::put;
      smaller = take(std::move(candidate)) || smaller;
    }
    return smaller;
  }

  Script best_;
  const Fails& fails_;
  std::size_t runs_left_;
};

}  // namespace

Script shrink(Script script, const Fails& fails, std::size_t most_runs) {
  return Shrinker(std::move(script), fails, most_runs).shrink();
}

}  // namespace syncline::sim
