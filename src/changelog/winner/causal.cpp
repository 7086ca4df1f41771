// Nobody wins until somebody who saw both sides says so.

#include "changelog/winner/greatest.hpp"
#include "syncline/policy.hpp"

namespace syncline {
namespace {

class Causal final : public ConflictPolicy {
 public:
  std::string_view name() const noexcept override { return "causal"; }

  Decision decide(std::span<const ChangeView> heads, const ChangeView* /*base*/) const override {
    return {greatest_of(heads), std::nullopt};
  }

  bool settles() const noexcept override { return false; }

  std::string reason(const ChangeView& winner, const ChangeView& loser) const override {
    return "Waits for a change that has seen both sides. Until then the " +
           std::string(to_string(winner.operation)) + " of node " + winner.dot.origin.to_string() +
           " is shown, being " + describe_order(winner, loser) + ".";
  }
};

}  // namespace

const ConflictPolicy& causal_policy() noexcept {
  static const Causal policy;
  return policy;
}

}  // namespace syncline
