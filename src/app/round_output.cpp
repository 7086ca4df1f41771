#include "app/round_output.hpp"

#include <cstdlib>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/output.hpp"
#include "app/text_width.hpp"
#include "syncline/change_json.hpp"
#include "syncline/record.hpp"

namespace syncline::app {
namespace {

std::string json_of(const Change& change) {
  const std::string record = encode_record(change);
  return change_to_json(view_trusted_record(reinterpret_cast<const std::uint8_t*>(record.data())));
}

std::string json_of(const std::vector<Change>& changes) {
  std::string text = "[";
  for (const Change& change : changes) text += (text.size() > 1 ? "," : "") + json_of(change);
  return text + ']';
}

/// A clock that is wrong is worth a word: it decides who wins.
void print_clock(Session& session, const SyncReport& report) {
  if (!report.clock_is_off) return;
  const std::int64_t seconds = report.clock_offset_us / 1'000'000;
  session.err << fmt::format("syncline: the clock here is {} s {} the server's; set it right\n",
                             grouped(static_cast<std::uint64_t>(std::abs(seconds))),
                             seconds < 0 ? "behind" : "ahead of");
}

std::string round_json(const EdgeRound& round) {
  const SyncReport& report = round.report;
  nlohmann::json body{{"pushed", report.pushed},
                      {"accepted", report.accepted},
                      {"pulled", report.pulled},
                      {"applied", report.applied},
                      {"requests", report.requests},
                      {"bytes_sent", report.bytes_sent},
                      {"bytes_received", report.bytes_received},
                      {"body_bytes", report.body_bytes},
                      {"ms", report.duration_us / 1000},
                      {"rejected", nlohmann::json::array()},
                      {"conflicts", nlohmann::json::array()},
                      {"node", round.node.to_string()},
                      {"was_copy", round.was_copy},
                      {"identity_changed", nullptr},
                      {"rewritten", report.rewritten},
                      {"voided", report.voided},
                      {"restamped", report.restamped},
                      {"stubs_sent", report.stubs_sent},
                      {"stubs_taken", report.stubs_taken},
                      {"clock_offset_ms", report.clock_offset_us / 1000},
                      {"clock_is_off", report.clock_is_off}};
  if (!round.with.empty()) body["with"] = round.with;
  for (const Rejection& rejection : report.rejected) {
    body["rejected"].push_back({{"origin", rejection.dot.origin.to_string()},
                                {"seq", rejection.dot.seq},
                                {"code", to_string(rejection.error.code)},
                                {"detail", rejection.error.detail}});
  }
  for (const ConflictSummary& conflict : report.conflicts) {
    body["conflicts"].push_back({{"table", conflict.table},
                                 {"row_id", conflict.row_id},
                                 {"kind", to_string(conflict.kind)},
                                 {"status", to_string(conflict.status)}});
  }
  if (report.identity_changed) {
    body["identity_changed"] = {{"before", report.identity_changed->before.to_string()},
                                {"after", report.identity_changed->after.to_string()}};
  }
  // Put in as text, so that payloads keep their bytes.
  std::string text = dump_json(body);
  text.pop_back();
  text += ",\"left_to_you\":" + json_of(report.handed_to_app);
  text += ",\"taken_back\":" + json_of(report.taken_back);
  return text + '}';
}

}  // namespace

bool is_idle(const EdgeRound& round) {
  const SyncReport& report = round.report;
  return report.pushed == 0 && report.pulled == 0 && report.conflicts.empty() &&
         report.taken_back.empty() && report.handed_to_app.empty() && !report.identity_changed &&
         !round.was_copy;
}

void print_round(Session& session, const EdgeRound& round) {
  const SyncReport& report = round.report;
  if (session.json) {
    print_json(session, round_json(round));
    return;
  }
  const std::uint64_t carried = report.bytes_sent + report.bytes_received;
  std::string bytes = human_bytes(carried);
  if (report.body_bytes > carried) bytes += " for " + human_bytes(report.body_bytes);
  if (!round.with.empty()) session.out << printable(round.with) << ": ";
  session.out << fmt::format("pushed {}, pulled {}, conflicts {}, rejected {} ({}, {} ms)\n",
                             grouped(report.pushed), grouped(report.pulled),
                             grouped(report.conflicts.size()), grouped(report.rejected.size()),
                             bytes, grouped(report.duration_us / 1000));
  if (round.was_copy) session.out << "this directory is a copy, and took a new id\n";
  if (report.identity_changed) {
    session.out << "this edge is an older copy or one of two, was away for too long, or wrote "
                   "before it first "
                   "met its server; it goes on as "
                << report.identity_changed->after.to_string() << '\n';
  }
  if (report.rewritten + report.voided > 0) {
    session.out << fmt::format(
        "{} of its changes were written anew, {} lost and are kept in the log\n",
        grouped(report.rewritten), grouped(report.voided));
  }
  if (report.restamped > 0) {
    session.out << grouped(report.restamped)
                << " changes were dated ahead of the server's time, and were dated anew\n";
  }
  if (report.stubs_sent + report.stubs_taken > 0) {
    session.out << fmt::format("without their data, too large: {} sent, {} received\n",
                               grouped(report.stubs_sent), grouped(report.stubs_taken));
  }
  if (!report.taken_back.empty()) {
    session.out << grouped(report.taken_back.size())
                << " changes will never be taken and were taken back: see 'syncline rejected list "
                   "--data'\n";
  }
  for (const Change& change : report.handed_to_app) {
    session.out << "left to you to write again: " << printable(json_of(change)) << '\n';
  }
}

void print_rejections(Session& session, const SyncReport& report) {
  print_clock(session, report);
  for (const Rejection& rejection : report.rejected) {
    session.err << "refused: " << short_id(rejection.dot.origin.to_string()) << ':'
                << rejection.dot.seq << ": " << printable(to_string(rejection.error)) << '\n';
  }
}

}  // namespace syncline::app
