#include "app/round_output.hpp"

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
                      {"voided", report.voided}};
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
  text += ",\"left_to_you\":[";
  for (std::size_t i = 0; i < report.handed_to_app.size(); ++i) {
    text += (i > 0 ? "," : "") + json_of(report.handed_to_app[i]);
  }
  return text + "]}";
}

}  // namespace

bool is_idle(const EdgeRound& round) {
  const SyncReport& report = round.report;
  return report.pushed == 0 && report.pulled == 0 && report.conflicts.empty() &&
         !report.identity_changed && !round.was_copy;
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
  session.out << fmt::format("pushed {}, pulled {}, conflicts {}, rejected {} ({}, {} ms)\n",
                             grouped(report.pushed), grouped(report.pulled),
                             grouped(report.conflicts.size()), grouped(report.rejected.size()),
                             bytes, grouped(report.duration_us / 1000));
  if (round.was_copy) session.out << "this directory is a copy, and took a new id\n";
  if (report.identity_changed) {
    session.out
        << "this edge was found to be an older copy of itself, or one of two; it goes on as "
        << report.identity_changed->after.to_string() << '\n';
  }
  if (report.rewritten + report.voided > 0) {
    session.out << fmt::format(
        "{} of its changes were written anew, {} lost and are kept in the log\n",
        grouped(report.rewritten), grouped(report.voided));
  }
  for (const Change& change : report.handed_to_app) {
    session.out << "left to you to write again: " << printable(json_of(change)) << '\n';
  }
}

void print_rejections(Session& session, const SyncReport& report) {
  for (const Rejection& rejection : report.rejected) {
    session.err << "refused: " << short_id(rejection.dot.origin.to_string()) << ':'
                << rejection.dot.seq << ": " << printable(to_string(rejection.error)) << '\n';
  }
}

}  // namespace syncline::app
