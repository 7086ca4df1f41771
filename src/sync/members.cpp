#include "sync/members.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "syncline/record.hpp"

namespace syncline {
namespace {

using nlohmann::json;

constexpr std::string_view uuid_form = "a UUID such as \"6f1d…\" in its 36 characters";
constexpr std::string_view clock_form =
    "a clock: an object of UUIDs, each with a sequence number or [sequence number, hash of 16 hex "
    "digits]";
constexpr std::string_view number_form = "an integer of 0 or more";

std::optional<std::uint64_t> hash_from_body(const json& body) {
  if (!body.is_string()) return std::nullopt;
  const auto& text = body.get_ref<const std::string&>();
  std::uint64_t hash = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, hash, 16);
  if (text.size() != 16 || problem != std::errc{} || stop != end) return std::nullopt;
  return hash;
}

std::optional<WireClock::Entry> entry_from_body(const json& body) {
  if (body.is_number_unsigned()) return WireClock::Entry{body.get<Sequence>(), std::nullopt};
  if (!body.is_array() || body.size() != 2 || !body[0].is_number_unsigned()) return std::nullopt;
  const std::optional<std::uint64_t> hash = hash_from_body(body[1]);
  if (!hash) return std::nullopt;
  return WireClock::Entry{body[0].get<Sequence>(), hash};
}

json entry_to_body(const WireClock::Entry& entry) {
  if (!entry.chain) return entry.seq;
  return json::array({entry.seq, hash_to_text(*entry.chain)});
}

}  // namespace

std::string hash_to_text(std::uint64_t hash) {
  std::string text(16, '0');
  std::array<char, 16> digits{};
  const auto [end, problem] = std::to_chars(digits.data(), digits.data() + digits.size(), hash, 16);
  const auto count = static_cast<std::size_t>(end - digits.data());
  std::copy_n(digits.data(), count, text.end() - static_cast<std::ptrdiff_t>(count));
  return text;
}

WireClock::WireClock(const VectorClock& clock) {
  for (const VectorClock::Entry& entry : clock.entries()) {
    entries.emplace_hint(entries.end(), entry.node, Entry{entry.seq, std::nullopt});
  }
}

VectorClock WireClock::clock() const {
  VectorClock clock;
  for (const auto& [node, entry] : entries) clock.set(node, entry.seq);
  return clock;
}

json clock_to_body(const WireClock& clock) {
  json body = json::object();
  for (const auto& [node, entry] : clock.entries) body[node.to_string()] = entry_to_body(entry);
  return body;
}

Result<WireClock> clock_from_body(const json& body, std::string_view member) {
  if (!body.is_object()) return wrong_member(member, clock_form);
  WireClock clock;
  for (const auto& [name, value] : body.items()) {
    const Result<NodeId> node = NodeId::parse(name);
    const std::optional<WireClock::Entry> entry = entry_from_body(value);
    if (!node || !entry) return wrong_member(member, clock_form);
    if (entry->seq != 0) clock.entries[*node] = *entry;
  }
  return clock;
}

Error wrong_member(std::string_view name, std::string_view right_form) {
  return Error{ErrorCode::bad_request, "member '" + std::string(name) + "' is missing or wrong: " +
                                           "expected " + std::string(right_form)};
}

Result<HybridTime> time_from_body(const json& body, std::string_view name) {
  if (body.is_number_unsigned()) return HybridTime{body.get<std::uint64_t>()};
  if (body.is_string()) {
    const Result<HybridTime> time = HybridTime::parse(body.get_ref<const std::string&>());
    if (time) return time;
  }
  return wrong_member(name, "a hybrid time such as \"2026-11-20T12:00:00.123456Z-000\"");
}

MemberReader::MemberReader(const json& body) : body_(body) {
  if (!body.is_object()) error_ = Error{ErrorCode::bad_request, "the message is not an object"};
}

const json* MemberReader::find(std::string_view name) const {
  if (error_) return nullptr;
  const auto found = body_.find(name);
  return found == body_.end() || found->is_null() ? nullptr : &*found;
}

const json* MemberReader::required(std::string_view name, std::string_view right_form) {
  const json* value = find(name);
  if (value == nullptr) refuse(name, right_form);
  return value;
}

void MemberReader::refuse(std::string_view name, std::string_view right_form) {
  refuse(wrong_member(name, right_form));
}

void MemberReader::refuse(const Error& error) {
  if (!error_) error_ = error;
}

std::uint64_t MemberReader::number(std::string_view name) {
  if (required(name, number_form) == nullptr) return 0;
  return number_or(name, 0);
}

std::string MemberReader::text(std::string_view name) {
  if (required(name, "a string") == nullptr) return {};
  return text_or(name, {});
}

NodeId MemberReader::node(std::string_view name) {
  if (required(name, uuid_form) == nullptr) return {};
  return node_or_nil(name);
}

WireClock MemberReader::clock(std::string_view name) {
  if (required(name, clock_form) == nullptr) return {};
  return optional_clock(name).value_or(WireClock{});
}

std::uint64_t MemberReader::number_or(std::string_view name, std::uint64_t otherwise) {
  return optional_number(name).value_or(otherwise);
}

std::optional<std::uint64_t> MemberReader::optional_number(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  refuse(name, number_form);
  return std::nullopt;
}

std::string MemberReader::text_or(std::string_view name, std::string_view otherwise) {
  const json* value = find(name);
  if (value != nullptr && value->is_string()) return value->get<std::string>();
  if (value != nullptr) refuse(name, "a string");
  return std::string(otherwise);
}

bool MemberReader::boolean_or(std::string_view name, bool otherwise) {
  const json* value = find(name);
  if (value != nullptr && value->is_boolean()) return value->get<bool>();
  if (value != nullptr) refuse(name, "true or false");
  return otherwise;
}

NodeId MemberReader::node_or_nil(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) {
    const Result<NodeId> node = NodeId::parse(value->get_ref<const std::string&>());
    if (node) return *node;
  }
  refuse(name, uuid_form);
  return {};
}

std::optional<WireClock> MemberReader::optional_clock(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  Result<WireClock> clock = clock_from_body(*value, name);
  if (clock) return std::move(*clock);
  refuse(clock.error());
  return std::nullopt;
}

std::optional<HybridTime> MemberReader::optional_time(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const Result<HybridTime> time = time_from_body(*value, name);
  if (time) return *time;
  refuse(time.error());
  return std::nullopt;
}

std::optional<std::vector<std::string>> MemberReader::optional_texts(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto is_text = [](const json& element) { return element.is_string(); };
  if (value->is_array() && std::all_of(value->begin(), value->end(), is_text)) {
    return value->get<std::vector<std::string>>();
  }
  refuse(name, "an array of strings");
  return std::nullopt;
}

Metadata MemberReader::text_map(std::string_view name) {
  Metadata texts;
  const json* value = find(name);
  if (value == nullptr) return texts;
  if (!value->is_object()) refuse(name, "an object of strings");
  for (const auto& [key, text] : value->items()) {
    if (!text.is_string()) {
      refuse(name, "an object of strings");
      break;
    }
    texts[key] = text.get<std::string>();
  }
  return texts;
}

ChangeList MemberReader::changes(std::string_view name) {
  ChangeList list;
  const json* value = find(name);
  if (value == nullptr) return list;
  const auto is_record = [](const json& node) { return is_node(node, NodeKind::record); };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_record)) {
    refuse(name, "an array of changes");
    return list;
  }
  for (const json& node : *value) {
    list.records.push_back(node.get_ref<const json::binary_t&>());
  }
  const json* lsns = find(lsns_name(name));
  if (lsns == nullptr) return list;
  const auto is_number = [](const json& node) { return node.is_number_unsigned(); };
  if (!lsns->is_array() || lsns->size() != value->size() ||
      !std::all_of(lsns->begin(), lsns->end(), is_number)) {
    refuse(lsns_name(name), "one LSN for each change");
    return list;
  }
  list.lsns = lsns->get<std::vector<Lsn>>();
  return list;
}

AnswerHeader MemberReader::header() {
  AnswerHeader header;
  header.time = optional_time("time").value_or(HybridTime{});
  header.log_id = node_or_nil("log_id");
  header.settings_version = number_or("settings_version", 0);
  if (const json* known = find("known")) {
    header.known = entry_from_body(*known);
    if (!header.known) refuse("known", "[sequence number, hash of 16 hex digits]");
  }
  return header;
}

StableState MemberReader::stable(std::string_view name) {
  StableState stable;
  const json* value = find(name);
  if (value == nullptr) return stable;
  MemberReader inner(*value);
  stable.number = inner.number("number");
  stable.clock = inner.clock("clock").clock();
  if (inner.error_) refuse(*inner.error_);
  return stable;
}

void header_to_body(json& body, const AnswerHeader& header) {
  body["time"] = header.time.to_string();
  body["log_id"] = header.log_id.to_string();
  body["settings_version"] = header.settings_version;
  if (header.known) body["known"] = entry_to_body(*header.known);
}

json stable_to_body(const StableState& stable) {
  return {{"number", stable.number}, {"clock", clock_to_body(WireClock(stable.clock))}};
}

void ChangeList::add(const LogEntry& entry) {
  records.emplace_back(entry.change.record.begin(), entry.change.record.end());
  lsns.push_back(entry.lsn);
}

std::vector<std::string_view> ChangeList::views() const {
  std::vector<std::string_view> views;
  views.reserve(records.size());
  for (const RecordBytes& record : records) {
    views.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  }
  return views;
}

void changes_to_body(json& body, const std::string& name, const ChangeList& changes) {
  json list = json::array();
  for (const RecordBytes& record : changes.records) list.push_back(record_node(record));
  body[name] = std::move(list);
  if (!changes.lsns.empty()) body[std::string(lsns_name(name))] = changes.lsns;
}

void set_clock(json& body, const char* name, const std::optional<WireClock>& clock) {
  if (clock) body[name] = clock_to_body(*clock);
}

}  // namespace syncline
