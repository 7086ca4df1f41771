// Bodies as documents: JSON and MessagePack, with changes and payloads in them. The first byte says
// which format the rest is.
#include "sync/body.hpp"

#include <cmath>

#include "support/body_check.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using nlohmann::json;

bool is_fault(const json& node) {
  return node.is_object() && node.size() == 4 && node.contains("field") && node.contains("detail");
}

// Is this what another reader of MessagePack found in the same place?
bool agrees(const json& ours, const json& theirs) {
  if (is_node(ours, NodeKind::record)) {
    if (!theirs.is_array() || theirs.size() != 13) return false;
    const std::vector<std::uint8_t> shortest = json::to_msgpack(theirs);
    return text_of(shortest) == node_bytes(ours);
  }
  if (is_fault(ours) && theirs.is_array()) return true;  // a change that is malformed
  if (ours.is_object()) {
    if (!theirs.is_object() || ours.size() != theirs.size()) return false;
    for (const auto& [name, value] : ours.items()) {
      if (!theirs.contains(name) || !agrees(value, theirs[name])) return false;
    }
    return true;
  }
  if (ours.is_array()) {
    if (!theirs.is_array() || ours.size() != theirs.size()) return false;
    return std::equal(ours.begin(), ours.end(), theirs.begin(), agrees);
  }
  if (ours.is_binary()) return theirs.is_binary() && theirs.get_binary() == ours.get_binary();
  if (ours.is_number_float() && std::isnan(ours.get<double>())) return theirs.is_number_float();
  return ours == theirs;
}

// Records at any depth are where a record may be, and are well formed.
void check_records(const json& body) {
  if (is_node(body, NodeKind::record)) {
    const std::string_view bytes = node_bytes(body);
    const Result<ChangeView> change = decode_record(bytes_of(bytes));
    FUZZ_CHECK(change.has_value() && change->record.size() == bytes.size());
  } else if (body.is_structured()) {
    for (const json& part : body) check_records(part);
  }
}

}  // namespace

void body(Bytes bytes) {
  Input input(bytes);
  const BodyFormat format = format_of(input.byte());
  const ExactCopy copy(input.rest());
  const Result<json> parsed = parse_body(copy.text(), format);
  if (!parsed) {
    check_error(parsed.error());
    FUZZ_CHECK(parsed.error().code == ErrorCode::bad_request);
    return;
  }
  check_records(*parsed);
  if (format == BodyFormat::msgpack) {
    const json theirs = json::from_msgpack(copy.bytes(), true, false);
    FUZZ_CHECK(!theirs.is_discarded());
    FUZZ_CHECK(agrees(*parsed, theirs));
  } else {
    FUZZ_CHECK(json::accept(copy.text()));
  }
  write_checked(*parsed, BodyFormat::msgpack);
  write_checked(*parsed, BodyFormat::json);
}

}  // namespace syncline::fuzz
