#include "app/importer.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "app/json_text.hpp"
#include "app/output.hpp"
#include "syncline/clock.hpp"
#include "syncline/hybrid_clock.hpp"

namespace syncline::app {
namespace {

// Rows of a batch are one transaction, which no page cuts: few enough not to swell the pages of
// those who read on, many enough that the requests do not count.
constexpr std::size_t batch_lines = 100;
constexpr std::size_t batch_bytes = std::size_t{1} << 20;

const ErrorMember* find_member(const Error& error, std::string_view name) {
  const auto found =
      std::find_if(error.members.begin(), error.members.end(),
                   [name](const ErrorMember& member) { return member.name == name; });
  return found == error.members.end() ? nullptr : &*found;
}

// What is wrong, with the member of the line that it is wrong with.
std::string named_fault(const std::string& field, const std::string& detail) {
  return field.empty() ? detail : "'" + field + "': " + detail;
}

}  // namespace

Result<void> Importer::add(std::string_view text) {
  ++number_;
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return {};
  ++counts_.lines;
  auto line = parse_import_line(text);
  if (!line) {
    bad_line(number_, named_fault(line.error().text("field"), line.error().detail));
    return {};
  }
  if (!pending_.empty()) {
    const Pending& last = pending_.back();
    // A transaction is pushed whole.
    const auto& part = line->transaction;
    const bool inside = part && part->index > 0 && last.line.transaction &&
                        last.line.transaction->number == part->number &&
                        last.line.dot.origin == line->dot.origin;
    const bool full = pending_.size() >= batch_lines || pending_bytes_ >= batch_bytes;
    if (last.line.kind != line->kind || (full && !inside)) {
      if (auto sent = flush(); !sent) return sent;
    }
  }
  pending_bytes_ += line->text.size();
  pending_.push_back({number_, std::move(*line)});
  return {};
}

Result<void> Importer::finish() { return flush(); }

void Importer::bad_line(std::uint64_t number, const std::string& fault) {
  ++counts_.bad;
  on_bad_line_(number, fault);
}

std::string Importer::batch_text() const {
  std::string text = "\"changes\":[";
  text.reserve(pending_bytes_ + pending_.size() + text.size());
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (i > 0) text += ',';
    text += pending_[i].line.text;
  }
  return text + ']';
}

Result<void> Importer::flush() {
  if (pending_.empty()) return {};
  const bool rows = pending_.front().line.kind == ImportLine::Kind::row;
  const Result<void> sent = rows ? send_rows() : send_changes();
  pending_.clear();
  pending_bytes_ = 0;
  return sent;
}

Result<void> Importer::send_rows() {
  while (!pending_.empty()) {
    const auto answer =
        client_.post(client_.tenant_path("/transactions"), '{' + batch_text() + '}');
    if (answer) {
      counts_.rows += pending_.size();
      return {};
    }
    // One refused row refuses its transaction: it is taken out, and the others go again.
    const Error& error = answer.error();
    const ErrorMember* index = find_member(error, "index");
    if (index == nullptr || error.number("index") >= pending_.size()) return error;
    const auto refused = pending_.begin() + static_cast<std::ptrdiff_t>(error.number("index"));
    bad_line(refused->number, std::string(to_string(error.code)) + ": " +
                                  named_fault(error.text("field"), error.detail));
    pending_.erase(refused);
  }
  return {};
}

Result<void> Importer::register_once() {
  if (!node_.is_nil()) return {};
  const NodeId node = NodeId::generate(system_random());
  const nlohmann::json body{{"protocol", {1}},
                            {"node_id", node.to_string()},
                            {"name", "syncline import"},
                            {"role", "edge"},
                            {"clock", nlohmann::json::object()},
                            {"tables", nullptr},
                            {"time", HybridTime::from_us(system_clock().now_us()).to_string()},
                            {"metadata", nlohmann::json::object()}};
  const auto answer = client_.post(client_.tenant_path("/sync/register"), dump_json(body));
  if (!answer) return answer.error();
  node_ = node;
  return {};
}

Result<void> Importer::send_changes() {
  if (auto registered = register_once(); !registered) return registered;
  const auto answer =
      client_.post(client_.tenant_path("/sync/push"),
                   "{\"node_id\":" + json_string(node_.to_string()) + ',' + batch_text() + '}');
  if (!answer) return answer.error();
  const auto result = parse_json(*answer);
  const nlohmann::json& rejected = member_of(result, "rejected");
  const std::uint64_t duplicates = number_of(result, "duplicates");
  const std::uint64_t known_or_refused = duplicates + rejected.size();
  counts_.duplicates += duplicates;
  counts_.conflicts += member_of(result, "conflicts").size();
  counts_.changes += pending_.size() - std::min<std::uint64_t>(known_or_refused, pending_.size());
  report_rejected(*answer);
  return {};
}

void Importer::report_rejected(const std::string& answer) {
  for (const auto text : array_texts(answer, "rejected")) {
    const auto rejection = parse_json(text);
    const std::string origin = text_of(rejection, "origin");
    const std::uint64_t seq = number_of(rejection, "seq");
    const auto refused =
        std::find_if(pending_.begin(), pending_.end(), [&](const Pending& candidate) {
          return candidate.line.dot.seq == seq && candidate.line.dot.origin.to_string() == origin;
        });
    bad_line(refused == pending_.end() ? number_ : refused->number,
             text_of(rejection, "code") + ": " +
                 named_fault(text_of(rejection, "field"), text_of(rejection, "detail")));
  }
}

}  // namespace syncline::app
