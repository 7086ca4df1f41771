// Rounds, and what a network does to them.

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "sync/body.hpp"
#include "sync/standing.hpp"
#include "syncline/record.hpp"
#include "world.hpp"

namespace syncline::sim {
namespace {

Error lost() { return {ErrorCode::unavailable, "the connection was lost"}; }

bool is_marker(const nlohmann::json& node) {
  if (!is_node(node, NodeKind::record)) return false;
  const std::string_view bytes = node_bytes(node);
  const auto change =
      decode_record({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return change && change->operation == Operation::stable;
}

}  // namespace

bool World::reaches(std::size_t from, std::size_t to) const {
  const Site& server = *sites_[to];
  if (server.dying || parted_.contains(std::minmax(from, to))) return false;
  // Who has not exchanged everything with the home, or through somebody who has, does not serve
  // yet: what it wrote before it may still have to write anew.
  return to < homes() || !joined_home(server.replica()).is_nil();
}

HttpResponse World::deliver(std::size_t to, const HttpRequest& request) {
  Site& server = *sites_[to];
  touch(server);
  events_.add(Event::requests);
  if (request.target.find("/snapshot") != std::string::npos) {
    events_.add(request.method == "GET" ? Event::snapshots : Event::uploads);
  }
  HttpResponse response = server.process->answer(request);
  check_for_strangers(server, response.body);
  return response;
}

void World::deliver_late() {
  while (!late_.empty()) {
    const Late late = std::move(late_.front());
    late_.erase(late_.begin());
    if (sites_[late.to]->dying) continue;
    static_cast<void>(deliver(late.to, late.request));
    observe_touched();
  }
}

void World::deliver_in_part(Site& from, std::size_t to, const HttpRequest& request) {
  const auto type = request.headers.find("Content-Type");
  if (!from.omits || type == request.headers.end()) return;
  const BodyFormat format =
      type->second == media_type(BodyFormat::json) ? BodyFormat::json : BodyFormat::msgpack;
  Result<nlohmann::json> body = parse_body(request.body, format);
  if (!body || !body->contains("push")) return;
  nlohmann::json& changes = body->at("push").at("changes");
  if (changes.empty()) return;
  // Nobody could notice that something is missing before a marker.
  const std::size_t omitted = *from.omits % changes.size();
  if (std::any_of(changes.begin() + static_cast<std::ptrdiff_t>(omitted), changes.end(),
                  is_marker)) {
    return;
  }
  changes.erase(omitted);
  from.omits.reset();
  HttpRequest faulty = request;
  faulty.body = write_body(*body, format);
  events_.add(Event::pushes_in_part);
  static_cast<void>(deliver(to, faulty));
  observe_touched();
}

void World::run_inside() {
  observe_touched();
  ++depth_;
  for (std::size_t i = 0; i < round_.steps && position_ < script_.steps.size() && !over(); ++i) {
    events_.add(Event::steps_inside_rounds);
    next_step();
  }
  --depth_;
}

Result<HttpResponse> World::carry(std::size_t from, std::size_t to, const HttpRequest& request) {
  observe_touched();
  see_to_power();
  if (over()) return lost();
  const Site& client = *sites_[from];
  const bool picked = depth_ == 0 && round_.message++ == round_.at;
  const RoundEvent event = picked ? round_.event : RoundEvent::none;
  if (event == RoundEvent::before) run_inside();
  if (client.dying || !reaches(from, to) || event == RoundEvent::lose_request) {
    events_.add(Event::requests_lost);
    return lost();
  }
  if (event == RoundEvent::late) {
    events_.add(Event::requests_late);
    late_.push_back({to, request});
    return lost();
  }
  deliver_in_part(*sites_[from], to, request);
  HttpResponse response = deliver(to, request);
  if (event == RoundEvent::twice) {
    events_.add(Event::requests_twice);
    response = deliver(to, request);
  }
  // Without power nothing leaves a site any more.
  const bool server_died = sites_[to]->disk->lost_power();
  observe_touched();
  see_to_power();
  if (event == RoundEvent::after || event == RoundEvent::cut) run_inside();
  if (client.dying || server_died || event == RoundEvent::cut || event == RoundEvent::lose_answer) {
    events_.add(Event::answers_lost);
    return lost();
  }
  sites_[from]->touched = true;
  return response;
}

void World::count(const SyncReport& report) {
  events_.add(Event::conflicts, report.conflicts.size());
  events_.add(Event::pushed, report.pushed);
  events_.add(Event::pulled, report.pulled);
  events_.add(Event::rejected, report.rejected.size());
  events_.add(Event::taken_back, report.taken_back.size());
  events_.add(Event::restamped, report.restamped);
  events_.add(Event::stubs, report.stubs_sent + report.stubs_taken);
  events_.add(Event::new_ids, report.identity_changed ? 1 : 0);
  events_.add(Event::rewritten, report.rewritten);
  events_.add(Event::voided, report.voided);
  events_.add(Event::handed_to_app, report.handed_to_app.size());
}

Result<SyncReport> World::drive(Site& site, Site::Line& line, bool bootstrap) {
  ClientSession& session = *line.session;
  std::uint64_t requests = 0;
  if (bootstrap) {
    session.begin_bootstrap();
  } else {
    session.begin_round();
  }
  while (const std::optional<HttpRequest> request = session.next_request()) {
    ++requests;
    const Result<HttpResponse> response = carry(site.index, line.server, *request);
    if (!response) {
      session.on_connection_lost();
      return response.error();
    }
    if (const Result<void> taken = session.on_response(*response); !taken) return taken.error();
  }
  SyncReport report = session.report();
  report.requests = requests;
  return report;
}

Result<SyncReport> World::do_round(Site& site, Site::Line& line, bool bootstrap) {
  hang_up(site, line);
  const bool outermost = !site.busy;
  site.busy = true;
  line.busy = true;
  events_.add(Event::rounds);
  const Site& server = *sites_[line.server];
  const NodeId server_before = server.replica().node();
  const auto report = drive(site, line, bootstrap);
  if (server.replica().node() != server_before) ++rebases_;
  line.busy = false;
  if (outermost) site.busy = false;
  site.keep_settings();
  touch(site);
  observe_touched();
  if (told()) tell(site, line, report);
  if (report) {
    count(*report);
    // What others bring back may have to come before what was written anew upon that.
    const bool wrote_anew = !site.tables.empty() && report->rewritten + report->voided != 0;
    if (report->identity_changed || wrote_anew) ++rebases_;
    judge_of(site).told(site.judged_as, sites_[line.server]->judged_as, *report, !bootstrap);
    return report;
  }
  events_.add(Event::rounds_failed);
  if (report.error().code == ErrorCode::internal) {
    fail("no_internal_error",
         "a round of site " + std::to_string(site.index) + " failed: " + to_string(report.error()));
  }
  return report;
}

void World::tell(const Site& site, const Site::Line& line, const Result<SyncReport>& report) {
  *story_ << "      round " << site.index << " -> " << line.server;
  if (!report) {
    *story_ << " failed: " << to_string(report.error()) << '\n';
    return;
  }
  *story_ << ": sent " << report->pushed << " (" << report->accepted << " taken), got "
          << report->pulled << " (" << report->applied << " new), " << report->requests
          << " requests";
  if (report->identity_changed) {
    *story_ << ", new id " << report->identity_changed->after.to_string();
  }
  if (report->rewritten != 0) *story_ << ", " << report->rewritten << " rewritten";
  if (report->voided != 0) *story_ << ", " << report->voided << " voided";
  for (const Rejection& rejection : report->rejected) {
    *story_ << ", " << to_string(rejection.dot) << " refused: " << to_string(rejection.error);
  }
  *story_ << '\n';
}

void World::sync(const Step& step) {
  Site* const site = asker_of(step);
  if (site == nullptr || site->dying) return;
  Site::Line& line = site->lines[step.other % site->lines.size()];
  if (line.busy) return;
  if (depth_ == 0) {
    deliver_late();
    if (step.act == Act::sync) {
      round_.event = static_cast<RoundEvent>(step.number % round_events);
      round_.at = step.at;
      round_.steps = step.number / round_events;
    }
  }
  static_cast<void>(do_round(*site, line, step.act == Act::bootstrap));
  if (depth_ != 0) return;
  round_ = {};
  finish_dying();
}

void World::part(const Step& step, bool apart) {
  Site* const site = asker_of(step);
  if (site == nullptr) return;
  const auto pair = std::minmax(site->index, site->lines[step.other % site->lines.size()].server);
  if (apart) {
    parted_.insert(pair);
  } else {
    parted_.erase(pair);
  }
}

void World::hang_up(Site& site, Site::Line& line) {
  if (!line.live) return;
  line.live->close();
  line.live.reset();
  touch(site);
}

void World::hang_up_all(std::size_t index) {
  for (const auto& site : sites_) {
    for (Site::Line& line : site->lines) {
      if (site->index == index || line.server == index) hang_up(*site, line);
    }
  }
}

void World::live(const Step& step) {
  Site* const site = asker_of(step);
  if (site == nullptr || site->dying) return;
  Site::Line& line = site->lines[step.other % site->lines.size()];
  if (line.busy || !reaches(site->index, line.server)) return;
  Site& server = *sites_[line.server];
  if (!line.live) {
    // A round comes first: it says where to go on, and what the server holds.
    if (line.session->cursor().empty()) return;
    auto answering = server.process->open_live(server.tenant_id());
    if (!answering) return;
    const Setup& setup = script_.setup;
    line.live = std::make_unique<LiveLink>(site->replica(), *line.session, std::move(answering),
                                           setup.batch == 0 ? 5'000 : setup.batch, now_us_);
  }
  for (std::uint32_t i = 0; i <= step.number && !over(); ++i) {
    touch(*site);
    touch(server);
    const Result<bool> moved = line.live->step(site->clock.now_us());
    observe_touched();
    see_to_power();
    if (!line.live) return;  // one of the two lost power
    if (!moved && told()) *story_ << "      ended: " << to_string(moved.error()) << '\n';
    if (!moved || line.live->wants_round()) return hang_up(*site, line);
    if (!*moved) return;
    events_.add(Event::live_messages);
  }
}

}  // namespace syncline::sim
