#include "judge.hpp"

#include <algorithm>
#include <utility>

#include "judge_impl.hpp"

namespace syncline::sim {

Judge::Impl::Impl(Options given)
    : options(std::move(given)), graph(options.tenant), oracle(graph) {}

Judge::Judge(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Judge::~Judge() = default;

std::size_t Judge::add_site(SiteOptions options) {
  impl_->sites.push_back(std::make_unique<JudgedSite>());
  impl_->sites.back()->options = std::move(options);
  return impl_->sites.size() - 1;
}

void Judge::choose_tables(std::size_t site, std::vector<std::string> tables) {
  JudgedSite& judged = *impl_->sites[site];
  if (judged.options.tables == tables) return;
  impl_->observe(judged);
  judged.choosing = true;
  judged.options.tables = std::move(tables);
}

void Judge::begins_as_copy(std::size_t site, std::size_t original) {
  JudgedSite& judged = *impl_->sites[site];
  const JudgedSite& from = *impl_->sites[original];
  judged.choosing = from.choosing;
  judged.former_ids = from.former_ids;
  judged.former_ids.insert(judged.former_ids.end(), from.ids.begin(), from.ids.end());
}

void Judge::attach(std::size_t site, Replica& replica) {
  JudgedSite& judged = *impl_->sites[site];
  judged.replica = &replica;
  judged.budget_bytes = 0;
  // A copy may hold, as another's, what that one wrote before it ever registered.
  const bool first = judged.ids.empty();
  if (first && replica.log().last_lsn() != 0) {
    impl_->bases_are_lost = true;
    judged.copied = true;
    judged.list_is_known = false;  // it has that of its original
  }
  impl_->observe(judged);
  impl_->check_taken_back(judged);
}

void Judge::detach(std::size_t site, Departure how) {
  JudgedSite& judged = *impl_->sites[site];
  impl_->observe(judged);
  judged.replica = nullptr;
  judged.departed = how;
  judged.copied = judged.copied || how == Departure::put_back;
  if (how == Departure::stopped) return;
  const bool lost = how != Departure::crashed || !impl_->options.durable_writes;
  if ((judged.options.serves && lost) || how == Departure::put_back) impl_->bases_are_lost = true;
  // Without its end, or with another one: what the app did to the list may not have got to disk.
  judged.list_is_known = false;
  judged.taken_back.clear();
  if (how == Departure::crashed) return;
  judged.summary = {};
  judged.durable.clear();
}

void Judge::limit(std::size_t site, std::uint64_t bytes) {
  JudgedSite& limited = *impl_->sites[site];
  limited.budget_bytes = 0;
  if (bytes != 0) limited.budget_bytes = std::max(bytes, Impl::bytes_under_plan(*limited.replica));
}

void Judge::wrote(std::size_t site, const Dot& dot) {
  Impl& impl = *impl_;
  JudgedSite& judged = *impl.sites[site];
  impl.announced.push_back(dot);
  impl.observe(judged);
  if (impl.failed()) return;
  NodeIndex index = impl.graph.latest(dot);
  while (index != no_node) {
    const Made& made = impl.graph.at(index);
    if (JudgedSite::of(judged.held, made.row).test(made.place)) break;
    index = made.other_version;
  }
  if (index == no_node) {
    impl.fail("nothing_acknowledged_is_lost", judged,
              [&] { return impl.graph.name(dot) + " was acknowledged and is not in the log"; });
    return;
  }
  Made& made = impl.graph.at(index);
  made.acknowledged = true;
  if (!impl.options.durable_writes || judged.replica == nullptr) return;
  if (JudgedSite::of(judged.durable, made.row).test(made.place)) return;
  impl.fail("nothing_acknowledged_is_lost", judged,
            [&] { return impl.name_of(made) + " was acknowledged before it was durable"; });
}

void Judge::wrote(std::size_t site, std::span<const WriteResult> results) {
  for (const WriteResult& result : results) wrote(site, result.dot);
}

void Judge::wrote_perhaps(std::size_t site) { impl_->sites[site]->unsure_of_writes = true; }

void Judge::observe(std::size_t site) { impl_->observe(*impl_->sites[site]); }

void Judge::told(std::size_t site, std::size_t server, const SyncReport& report, bool whole) {
  Impl& impl = *impl_;
  JudgedSite& judged = *impl.sites[site];
  // Records of another length than the log's hash looks at may have got another form.
  if (report.restamped != 0 || !report.taken_back.empty()) judged.seen_hash = ~judged.seen_hash;
  impl.observe(judged);
  if (whole) impl.settle_choice(judged);
  impl.observe(*impl.sites[server]);
  impl.check_acknowledged(*impl.sites[server]);
  for (const Change& change : report.taken_back) {
    const auto before = std::find(judged.told_back.begin(), judged.told_back.end(), change.dot);
    if (before != judged.told_back.end()) {
      impl.fail("each_pushed_change_has_one_verdict", judged,
                [&] { return impl.graph.name(change.dot) + " was taken back twice"; });
    }
    judged.told_back.push_back(change.dot);
    impl.check_void_there(judged, change.dot);
  }
}

void Judge::discarded(std::size_t site, const Dot& dot) {
  impl_->sites[site]->discarded.push_back(dot);
}

void Judge::at_rest() {
  Impl& impl = *impl_;
  for (const auto& site : impl.sites) impl.settle_choice(*site);
  if (!impl.failed()) impl.check_rest();
}

void Judge::report(std::string_view invariant, std::string what) {
  if (!impl_->violation) impl_->violation = Violation{std::string(invariant), std::move(what)};
}

const std::optional<Violation>& Judge::violation() const { return impl_->violation; }

}  // namespace syncline::sim
