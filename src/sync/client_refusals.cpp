// The session's part on refusals: what the server will never take gets another form, so that it
// blocks nothing.

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <utility>

#include "changelog/mutation.hpp"
#include "sync/client_session.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

/// How often a round dates private changes anew. Once is enough, and once more for what was written
/// meanwhile; more often would be a server that never agrees.
constexpr unsigned max_restamps = 3;

/// The server will say the same of this change at any time.
bool is_final(ErrorCode code) noexcept {
  if (mutated(Mutation::refused_blocks)) return false;
  return code == ErrorCode::too_large || code == ErrorCode::invalid_change;
}

/// Why `change` was taken back: it was refused itself, or another of its transaction.
Rejection reason_of(const Change& change, const std::vector<Rejection>& refused) {
  const auto same = std::find_if(refused.begin(), refused.end(), [&](const Rejection& rejection) {
    return rejection.dot == change.dot;
  });
  if (same != refused.end()) return *same;
  const auto together =
      std::find_if(refused.begin(), refused.end(), [&](const Rejection& rejection) {
        return change.transaction && rejection.dot.seq >= change.transaction->number &&
               rejection.dot.seq - change.transaction->number < change.transaction->count;
      });
  Rejection reason = together != refused.end() ? *together : refused.front();
  reason.dot = change.dot;
  return reason;
}

}  // namespace

/// Origins of refused changes that may be sent again now.
struct ClientSession::Mended {
  std::set<NodeId> origins;
};

/// Does what helps against each refusal; what is left goes to the report. The planner has blocked
/// all origins that are named.
Result<void> ClientSession::mend(std::vector<Rejection>& rejected) {
  Mended mended;
  if (const auto own = mend_own(rejected, mended); !own) return own;
  if (stage_ != Stage::exchange) return {};  // on the way to a rebase, which decides the rest
  for (const Rejection& rejection : rejected) {
    const bool own = rejection.dot.origin == asked_as_;
    if (own || !is_final(rejection.error.code) || !planner_.send_as_stub(rejection.dot)) continue;
    ++report_.stubs_sent;
    mended.origins.insert(rejection.dot.origin);
  }
  // What depends on a change that is sent again may be taken then.
  std::set<NodeId> looked_at;
  for (const Rejection& rejection : rejected) {
    const bool first = looked_at.insert(rejection.dot.origin).second;
    const bool depends = first && rejection.error.code == ErrorCode::depends;
    if (depends && !mended.origins.empty()) mended.origins.insert(rejection.dot.origin);
  }
  for (const NodeId& origin : mended.origins) planner_.unblock(origin);
  std::copy_if(std::make_move_iterator(rejected.begin()), std::make_move_iterator(rejected.end()),
               std::back_inserter(report_.rejected), [&](const Rejection& rejection) {
                 return !mended.origins.contains(rejection.dot.origin);
               });
  return {};
}

Result<void> ClientSession::mend_own(const std::vector<Rejection>& rejected, Mended& mended) {
  std::vector<Rejection> refused;
  const Rejection* late = nullptr;
  Sequence first = std::numeric_limits<Sequence>::max();
  for (const Rejection& rejection : rejected) {
    if (rejection.dot.origin != asked_as_) continue;
    first = std::min(first, rejection.dot.seq);
    if (is_final(rejection.error.code)) refused.push_back(rejection);
    if (rejection.error.code == ErrorCode::clock_drift && late == nullptr) late = &rejection;
  }
  if (refused.empty() && late == nullptr) return {};
  // Of a transaction another change may have been the reason: it was refused as a whole.
  replica_.refused(first, server_node_.to_string());
  if (!refused.empty()) {
    if (const auto taken = take_back(refused, mended); !taken) return taken;
  }
  if (late == nullptr) return {};
  Rejection whole = *late;
  whole.dot.seq = first;
  return date_anew(whole, mended);
}

/// What is private goes, with the rest of its transaction, and the app gets it; of the rest, which
/// somebody else may have, only the data stay here.
Result<void> ClientSession::take_back(const std::vector<Rejection>& refused, Mended& mended) {
  std::vector<Rejection> own;
  const Sequence first_private = replica_.private_from();
  for (const Rejection& rejection : refused) {
    if (rejection.dot.seq >= first_private) {
      own.push_back(rejection);
    } else if (planner_.send_as_stub(rejection.dot)) {
      ++report_.stubs_sent;
      mended.origins.insert(asked_as_);
    }
  }
  if (own.empty()) return {};
  Result<VoidResult> done = replica_.void_private(own);
  if (!done && done.error().code == ErrorCode::quota_exceeded) {
    report_.rejected.push_back({own.front().dot, own.front().index, done.error()});
    return {};
  }
  if (!done) return done.error();
  if (done->voided.empty()) return {};
  mended.origins.insert(asked_as_);
  for (const Change& change : done->voided) report_.rejected.push_back(reason_of(change, own));
  std::move(done->voided.begin(), done->voided.end(), std::back_inserter(report_.taken_back));
  return {};
}

/// What is private is dated anew. What is not, because this program was started again since it was
/// written, is written anew under another id, with a time that the server takes.
Result<void> ClientSession::date_anew(const Rejection& refused, Mended& mended) {
  const Result<HybridTime> latest = HybridTime::parse(refused.error.text("time"));
  if (!latest) return {};
  if (replica_.private_from() > refused.dot.seq) {
    contest(asked_as_, refused.dot.seq - 1);
    rebase_options_.latest = *latest;
    return begin_rebase(refused.error);
  }
  if (restamps_ >= max_restamps) return {};
  ++restamps_;
  const Result<RestampResult> done = replica_.restamp_private(*latest);
  if (!done) return done.error();
  report_.restamped += done->restamped;
  mended.origins.insert(asked_as_);
  return {};
}

/// Takes a page. What is larger than this replica takes, it takes without the data: it would not
/// get past it otherwise.
IntegrateResult ClientSession::integrate(const ChangeList& changes,
                                         const IntegrateOptions& options) {
  std::vector<std::string_view> records = changes.views();
  std::vector<std::string> stubs;
  stubs.reserve(records.size());  // `records` refers to them
  IntegrateResult result = replica_.integrate(records, options);
  while (true) {
    const std::size_t before = stubs.size();
    for (const Rejection& rejection : result.rejected) {
      if (rejection.error.code != ErrorCode::too_large || stubs.size() == records.size()) continue;
      std::string_view& record = records[rejection.index];
      const auto change =
          decode_record({reinterpret_cast<const std::uint8_t*>(record.data()), record.size()});
      if (!change || is_stub(*change)) continue;
      record = stubs.emplace_back(make_stub(*change));
    }
    if (stubs.size() == before) return result;
    report_.stubs_taken += stubs.size() - before;
    IntegrateResult rest = replica_.integrate(records, options);
    rest.applied += result.applied;
    rest.superseded += result.superseded;
    rest.convergent += result.convergent;
    rest.conflicting += result.conflicting;
    rest.conflicts.insert(rest.conflicts.begin(), result.conflicts.begin(), result.conflicts.end());
    result = std::move(rest);
  }
}

void ClientSession::note_time(HybridTime server_time) {
  if (server_time.value == 0) return;
  const auto here = static_cast<std::int64_t>(replica_.wall_time_us());
  report_.clock_offset_us = here - static_cast<std::int64_t>(server_time.physical_us());
  const auto drift = static_cast<std::int64_t>(replica_.max_clock_drift_ms() * 1000);
  report_.clock_is_off = std::abs(report_.clock_offset_us) > drift;
}

}  // namespace syncline
