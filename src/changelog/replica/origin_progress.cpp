#include "changelog/replica/origin_progress.hpp"

#include <algorithm>

namespace syncline {

void OriginProgress::extend_chain(std::uint64_t next) {
  chain = next;
  ++chained;
  if (chained % checkpoint_every == 0) checkpoints.push_back(next);
}

ChainPoint OriginProgress::chain_before(Sequence seq) const noexcept {
  if (seq == chained) return {chained, chain};
  const Sequence number = seq / checkpoint_every;  // the checkpoints up to there, from the first
  const Sequence unknown = base.seq / checkpoint_every;
  if (number <= unknown) return base;
  return {number * checkpoint_every, checkpoints[number - unknown - 1]};
}

void OriginProgress::begin_chain(const ChainPoint& point) {
  base = point;
  chained = point.seq;
  chain = point.chain;
  checkpoints.clear();
}

void OriginProgress::forget_chain_before(const ChainPoint& point) {
  const Sequence forgotten = point.seq / checkpoint_every - base.seq / checkpoint_every;
  checkpoints.erase(checkpoints.begin(),
                    checkpoints.begin() + static_cast<std::ptrdiff_t>(forgotten));
  checkpoints.shrink_to_fit();
  base = point;
}

void OriginProgress::take_chain(const OriginProgress& other) {
  chained = other.chained;
  chain = other.chain;
  base = other.base;
  checkpoints = other.checkpoints;
}

}  // namespace syncline
