// Dating private changes anew, after a server refused them for their time.

#include <algorithm>

#include "changelog/replica/tail_rewrite.hpp"
#include "syncline/record.hpp"

namespace syncline {

Result<RestampResult> Replica::restamp_private(std::optional<HybridTime> latest) {
  const std::lock_guard maintenance(impl_->maintenance);
  std::unique_lock lock(impl_->mutex);
  TailRewrite rewrite(*impl_);
  std::uint64_t now_us = impl_->clock.now_us();
  if (latest) now_us = std::min(now_us, latest->physical_us());
  RestampResult result;
  // Also where nothing is private: the next write must not come out too late again.
  HybridClock clock(rewrite.greatest_kept());
  if (!rewrite.any()) {
    impl_->hybrid_clock = clock;
    result.latest = clock.last();
    return result;
  }
  rewrite.lay([&](const ChangeView& change) -> std::optional<std::string> {
    Change restamped = change.to_change();
    restamped.hlc = clock.tick(now_us);
    ++result.restamped;
    return encode_record(restamped);
  });
  impl_->hybrid_clock = clock;
  result.latest = clock.last();
  if (auto done = rewrite.commit(); !done) return done.error();
  if (auto durable = impl_->release(lock, 0); !durable) return durable.error();
  return result;
}

}  // namespace syncline
