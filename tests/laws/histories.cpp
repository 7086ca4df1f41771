#include "laws/histories.hpp"

#include <algorithm>
#include <numeric>

namespace syncline::laws {
namespace {

constexpr std::size_t site_count = 3;

/// Builds histories write by write.
class Builder {
 public:
  Builder(std::size_t writes, std::size_t rows, const std::function<void(const History&)>& visit)
      : writes_(writes), rows_(rows), visit_(visit) {}

  void extend() {
    if (steps_.size() == writes_) return visit_(steps_);
    std::size_t sites = 0;
    std::size_t rows = 0;
    for (const Step& step : steps_) {
      sites = std::max(sites, step.site + 1);
      rows = std::max(rows, step.row + 1);
    }
    for (std::size_t site = 0; site < std::min(sites + 1, site_count); ++site) {
      for (std::size_t row = 0; row < std::min(rows + 1, rows_); ++row) {
        for (unsigned long long bits = 0; bits < (1ULL << steps_.size()); ++bits) {
          const ChangeSet held(bits);
          if (!can_hold(site, held)) continue;
          saw_.push_back(held & of_row(row));
          steps_.push_back({site, row, held});
          extend();
          steps_.pop_back();
          saw_.pop_back();
        }
      }
    }
  }

 private:
  ChangeSet of_row(std::size_t row) const {
    ChangeSet set;
    for (std::size_t i = 0; i < steps_.size(); ++i) set[i] = steps_[i].row == row;
    return set;
  }

  /// Nothing that the site had is lost, every origin's changes are held without gaps, and whatever
  /// a change saw is held with it.
  bool can_hold(std::size_t site, const ChangeSet& held) const {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i].site == site && (!held[i] || (steps_[i].held & ~held).any())) return false;
      if (!held[i]) continue;
      if ((saw_[i] & ~held).any()) return false;
      for (std::size_t earlier = 0; earlier < i; ++earlier) {
        if (steps_[earlier].site == steps_[i].site && !held[earlier]) return false;
      }
    }
    return true;
  }

  std::size_t writes_;
  std::size_t rows_;
  const std::function<void(const History&)>& visit_;
  History steps_;
  std::vector<ChangeSet> saw_;
};

void extend_order(const Graph& graph, ChangeSet held, std::vector<std::size_t>& order,
                  std::vector<std::vector<std::size_t>>& orders) {
  if (order.size() == graph.size()) orders.push_back(order);
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (held[i] || !graph.acceptable(i, held)) continue;
    ChangeSet more = held;
    more.set(i);
    order.push_back(i);
    extend_order(graph, more, order, orders);
    order.pop_back();
  }
}

}  // namespace

void for_each_history(std::size_t writes, std::size_t rows,
                      const std::function<void(const History&)>& visit) {
  Builder(writes, rows, visit).extend();
}

std::vector<Timing> all_timings() {
  std::vector<Timing> timings;
  std::vector<std::size_t> order(site_count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::vector<std::size_t> in_order = order;
  do {
    timings.push_back({order, std::vector<std::uint64_t>(site_count, 0)});
    timings.push_back({in_order, {order.begin(), order.end()}});
  } while (std::next_permutation(order.begin(), order.end()));
  return timings;
}

std::vector<Timing> few_timings() {
  return {{{0, 1, 2}, {0, 0, 0}},
          {{2, 1, 0}, {0, 0, 0}},
          {{0, 1, 2}, {0, 1, 2}},
          {{0, 1, 2}, {2, 1, 0}}};
}

std::vector<Timing> two_timings() { return {{{0, 1, 2}, {0, 0, 0}}, {{0, 1, 2}, {2, 1, 0}}}; }

void for_each_choice(const std::vector<Act>& acts, std::size_t writes,
                     const std::function<std::size_t(const std::vector<Act>&)>& run) {
  std::vector<std::size_t> digits(writes, 0);
  std::vector<Act> choice(writes, acts.front());
  for (;;) {
    const std::size_t good = run(choice);
    // Count the last digit up that matters: the one that failed, or the last of all.
    std::size_t at = std::min(good, writes - 1);
    for (std::size_t i = at + 1; i < writes; ++i) digits[i] = 0;
    while (++digits[at] == acts.size()) {
      digits[at] = 0;
      if (at-- == 0) return;
    }
    for (std::size_t i = 0; i < writes; ++i) choice[i] = acts[digits[i]];
  }
}

std::vector<std::vector<std::size_t>> delivery_orders(const Graph& graph) {
  std::vector<std::vector<std::size_t>> orders;
  std::vector<std::size_t> order;
  extend_order(graph, {}, order, orders);
  return orders;
}

}  // namespace syncline::laws
