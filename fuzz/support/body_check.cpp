#include "support/body_check.hpp"

#include <algorithm>

#include "changelog/codec/text_check.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/record.hpp"

namespace syncline::fuzz {

using nlohmann::json;

bool has_json_form(const json& body) {
  if (body.is_string()) return codec::is_utf8(body.get_ref<const std::string&>());
  if (is_node(body, NodeKind::record)) {
    return change_from_record(bytes_of(node_bytes(body))).has_value();
  }
  if (!body.is_structured()) return true;
  if (body.is_object()) {
    for (const auto& [name, value] : body.items()) {
      if (!codec::is_utf8(name) || !has_json_form(value)) return false;
    }
    return true;
  }
  return std::all_of(body.begin(), body.end(), has_json_form);
}

/// True if a change somewhere in it could not be read and is told of instead. Read once more, that
/// is a change that lacks members, of which another one may be named.
bool tells_of_malformed(const json& body) {
  if (!body.is_structured()) return false;
  const bool told = body.is_object() && body.size() == 4 && body.contains("origin") &&
                    body.contains("seq") && body.contains("field") && body.contains("detail");
  return told || std::any_of(body.begin(), body.end(), tells_of_malformed);
}

std::string write_checked(const json& body, BodyFormat format) {
  if (format == BodyFormat::json && !has_json_form(body)) return {};
  std::string written = write_body(body, format);
  if (format == BodyFormat::json) FUZZ_CHECK(json::accept(written));
  const ExactCopy copy(bytes_of(written));
  const Result<json> again = parse_body(copy.text(), format);
  FUZZ_CHECK(again.has_value());
  if (format == BodyFormat::msgpack) {
    FUZZ_CHECK(write_body(*again, format) == written);
    return written;
  }
  // A record where nobody looks for changes comes back as an object, in another order of members.
  const std::string second = write_body(*again, format);
  const Result<json> third = parse_body(second, format);
  FUZZ_CHECK(third.has_value());
  FUZZ_CHECK(tells_of_malformed(*again) || write_body(*third, format) == second);
  return written;
}

}  // namespace syncline::fuzz
