#include "app/demo/scenario.hpp"

#include <chrono>
#include <set>

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/output.hpp"

namespace syncline::app {
namespace {

// Rounds in turns that are enough for any two edges: each change needs one up and one down.
constexpr int max_rounds = 10;
// Every so many rows are edited apart from the collisions: some hundreds a side.
constexpr std::size_t subdivision_stride = 17;
constexpr std::size_t language_stride = 23;

class Stopwatch {
 public:
  std::uint64_t elapsed_us() const {
    const auto elapsed = std::chrono::steady_clock::now() - started_;
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace

void Scenario::add_step(DemoStep step) {
  result_.steps.push_back(std::move(step));
  on_step_(result_.steps.back());
}

Result<void> Scenario::open(const std::string& url) {
  auto edge_a = Edge::open("edge A", url, 0);
  if (!edge_a) return edge_a.error();
  auto edge_b = Edge::open("edge B", url, slow_clock_offset_s * 1'000'000);
  if (!edge_b) return edge_b.error();
  edge_a_ = std::move(*edge_a);
  edge_b_ = std::move(*edge_b);
  result_.nodes["edge A"] = edge_a_->replica().node();
  result_.nodes["edge B"] = edge_b_->replica().node();
  return {};
}

Result<SyncReport> Scenario::sync(Edge& edge, const std::string& what) {
  const auto report = edge.sync();
  if (!report) return Error(report.error().code, edge.name() + ": " + report.error().detail);
  if (!report->rejected.empty()) {
    return Error(
        report->rejected.front().error.code,
        edge.name() + ": the cloud refused a change: " + report->rejected.front().error.detail);
  }
  DemoStep step;
  step.node = edge.name();
  step.what = what;
  step.changes = report->pushed + report->pulled;
  step.conflicts = report->conflicts.size();
  step.requests = report->requests;
  step.bytes_sent = report->bytes_sent;
  step.bytes_received = report->bytes_received;
  step.duration_us = report->duration_us;
  add_step(std::move(step));
  return report;
}

Result<void> Scenario::load_one(Edge& edge,
                                const std::vector<const std::vector<SourceRow>*>& tables,
                                const std::string& what) {
  const Stopwatch watch;
  DemoStep step;
  step.node = edge.name();
  step.what = what;
  for (const auto* rows : tables) {
    if (auto loaded = edge.load(*rows); !loaded) return loaded;
    step.changes += rows->size();
    if (!rows->empty()) result_.source_rows[rows->front().table] = rows->size();
  }
  step.duration_us = watch.elapsed_us();
  add_step(std::move(step));
  return {};
}

Result<void> Scenario::load(const IsoCodes& source) {
  if (auto loaded = load_one(*edge_a_, {&source.countries, &source.subdivisions},
                             "loads countries and subdivisions");
      !loaded) {
    return loaded;
  }
  if (auto loaded = load_one(*edge_b_, {&source.languages}, "loads languages"); !loaded) {
    return loaded;
  }
  if (auto sent = sync(*edge_a_, "synchronises"); !sent) return sent.error();
  if (auto sent = sync(*edge_b_, "synchronises"); !sent) return sent.error();
  if (auto sent = sync(*edge_a_, "synchronises again"); !sent) return sent.error();
  const VisibleChecksum a = edge_a_->replica().visible_checksum();
  const VisibleChecksum b = edge_b_->replica().visible_checksum();
  const auto log = api_.get(Target(api_.tenant_path("/log")));
  if (!log) return log.error();
  const bool equal = a == b && number_of(parse_json(*log), "rows") == a.rows;
  result_.checks.push_back({"after loading, both edges and the cloud hold the same rows", equal,
                            equal ? "" : "they do not"});
  return {};
}

Result<void> Scenario::edit_collisions(Edge& edge, const std::vector<Collision>& plan, bool a_first,
                                       const std::string& what) {
  const bool is_a = &edge == edge_a_.get();
  const Stopwatch watch;
  DemoStep step;
  step.node = edge.name();
  step.what = what;
  for (const Collision& collision : plan) {
    if (is_a && collision.a_first != a_first) continue;
    for (const Edit& edit : is_a ? collision.a : collision.b) {
      if (auto done = edge.edit(collision.table, collision.row_id, edit); !done) return done;
      ++step.changes;
    }
  }
  step.duration_us = watch.elapsed_us();
  add_step(std::move(step));
  return {};
}

Result<void> Scenario::edit_apart(Edge& edge, const std::vector<SourceRow>& rows,
                                  const std::vector<Collision>& plan, std::size_t stride,
                                  const std::string& what) {
  std::set<std::string> colliding;
  for (const Collision& collision : plan)
    colliding.insert(collision.table + '/' + collision.row_id);
  const Stopwatch watch;
  DemoStep step;
  step.node = edge.name();
  step.what = what;
  for (std::size_t i = 0; i < rows.size(); i += stride) {
    const SourceRow& row = rows[i];
    if (colliding.contains(row.table + '/' + row.row_id)) continue;
    const Edit review{WriteKind::update, "reviewed_by", edge.name()};
    if (auto done = edge.edit(row.table, row.row_id, review); !done) return done;
    ++step.changes;
  }
  step.duration_us = watch.elapsed_us();
  add_step(std::move(step));
  return {};
}

Result<void> Scenario::write_at_cloud() {
  const Stopwatch watch;
  const nlohmann::json note{{"text", "spelling of names follows the UN"}};
  const auto written = api_.send("PUT", api_.row_path("notices", "2026-11"), dump_json(note), {});
  if (!written) return written.error();
  DemoStep step;
  step.node = "cloud";
  step.what = "a thin client writes a notice";
  step.changes = 1;
  step.requests = 1;
  step.duration_us = watch.elapsed_us();
  add_step(std::move(step));
  return {};
}

Result<void> Scenario::edit_offline(const IsoCodes& source, const std::vector<Collision>& plan) {
  // Edge A parts first. What B reads from the cloud after that moves B's hybrid clock beyond A's
  // first edits, although its wall clock is minutes behind them.
  if (auto done = edit_collisions(*edge_a_, plan, true, "offline, edits rows"); !done) return done;
  if (auto done = write_at_cloud(); !done) return done;
  if (auto heard = sync(*edge_b_, "hears of it and goes offline"); !heard) return heard.error();
  if (auto done = edit_collisions(*edge_b_, plan, false, "offline, edits the same rows"); !done) {
    return done;
  }
  const std::uint64_t dated_us = edge_b_->replica().last_hlc().physical_us();
  const auto ahead_us = static_cast<std::int64_t>(dated_us - edge_b_->clock().now_us());
  result_.slow_clock.dated_ahead_s = ahead_us / 1'000'000;
  if (auto done = edit_apart(*edge_b_, source.languages, plan, language_stride,
                             "offline, reviews languages");
      !done) {
    return done;
  }
  if (auto done = edit_collisions(*edge_a_, plan, false, "offline, edits more rows"); !done) {
    return done;
  }
  return edit_apart(*edge_a_, source.subdivisions, plan, subdivision_stride,
                    "offline, reviews subdivisions");
}

Result<void> Scenario::come_back() {
  for (int round = 0; round < max_rounds; ++round) {
    const auto a = sync(*edge_a_, round == 0 ? "comes back, synchronises" : "synchronises again");
    if (!a) return a.error();
    const auto b = sync(*edge_b_, round == 0 ? "comes back, synchronises" : "synchronises again");
    if (!b) return b.error();
    if (a->pushed + a->pulled + b->pushed + b->pulled == 0) return {};
  }
  return Error(ErrorCode::internal, "the edges did not come to rest");
}

Result<void> Scenario::audit(const std::string& url) {
  auto auditor = Edge::open("auditor", url, 0);
  if (!auditor) return auditor.error();
  auditor_ = std::move(*auditor);
  const auto taken = sync(*auditor_, "a new replica takes all from the cloud");
  if (!taken) return taken.error();
  return {};
}

}  // namespace syncline::app
