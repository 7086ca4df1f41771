// Last writer wins.

#include "changelog/winner/greatest.hpp"
#include "syncline/policy.hpp"

namespace syncline {
namespace {

class LastWriterWins final : public ConflictPolicy {
 public:
  std::string_view name() const noexcept override { return "lww"; }

  Decision decide(std::span<const ChangeView> heads, const ChangeView* /*base*/) const override {
    return {greatest_of(heads), std::nullopt};
  }

  bool settles() const noexcept override { return true; }

  std::string reason(const ChangeView& winner, const ChangeView& loser) const override {
    return "Last writer wins: the " + std::string(to_string(winner.operation)) + " of node " +
           winner.dot.origin.to_string() + " prevails over the " +
           std::string(to_string(loser.operation)) + " of node " + loser.dot.origin.to_string() +
           ", being " + describe_order(winner, loser) + ".";
  }
};

}  // namespace

const ConflictPolicy& lww_policy() noexcept {
  static const LastWriterWins policy;
  return policy;
}

}  // namespace syncline
