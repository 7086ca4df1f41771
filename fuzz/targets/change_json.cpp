// The JSON form of a change.
#include "syncline/change_json.hpp"

#include <nlohmann/json.hpp>

#include "changelog/codec/text_check.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/record.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using nlohmann::json;

// What another reader finds in the text is what was taken out of it.
void check_against(const json& document, const Change& change) {
  FUZZ_CHECK(document.is_object());
  FUZZ_CHECK(document.at("seq") == change.dot.seq);
  const Result<NodeId> origin = NodeId::parse(document.at("origin").get<std::string>());
  FUZZ_CHECK(origin.has_value() && *origin == change.dot.origin);
  const auto text_or_empty = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
  };
  FUZZ_CHECK(text_or_empty("table") == change.table);
  FUZZ_CHECK(text_or_empty("row_id") == change.row_id);
  const bool encoded = document.contains("data_base64") && !document["data_base64"].is_null();
  if (change.format == PayloadFormat::json && !encoded) {
    FUZZ_CHECK(json::parse(change.data, nullptr, false) == document.at("data"));
  }
}

}  // namespace

void change_json(Bytes bytes) {
  const std::string_view text = text_of(bytes);
  const Result<Change> change = change_from_json(text);
  if (!change) {
    check_error(change.error());
    FUZZ_CHECK(change.error().code == ErrorCode::invalid_change);
    FUZZ_CHECK(!change.error().text("field").empty());
    return;
  }
  const json document = json::parse(text, nullptr, false);
  FUZZ_CHECK(!document.is_discarded());
  check_against(document, *change);

  const std::string record = encode_record(*change);
  const Result<Change> from_record = change_from_record(bytes_of(record));
  FUZZ_CHECK(from_record.has_value() && *from_record == *change);
  const ChangeView view = view_trusted_record(bytes_of(record).data());
  ChangeExtras extras;
  extras.lsn = 7;
  extras.received_at_us = 1'700'000'000'000'000;
  if (!is_stub(view)) extras.before = view.payload();
  extras.skewed = true;
  for (const JsonPayload payload : {JsonPayload::text, JsonPayload::base64}) {
    const std::string written = change_to_json(view, extras, payload);
    FUZZ_CHECK(codec::is_json(written, limits::max_nesting + codec::wrapper_nesting));
    const Result<Change> again = change_from_json(written);
    FUZZ_CHECK(again.has_value() && *again == *change);
  }
}

}  // namespace syncline::fuzz
