// Bodies in JSON. The text is validated as a whole first; then it is walked once more by its items,
// because a parser would not tell the exact text of a payload.

#include <algorithm>
#include <optional>

#include "changelog/codec/json_text.hpp"
#include "sync/body_formats.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline::body_internal {
namespace {

using codec::JsonItems;
using nlohmann::json;

/// Takes a document in, keeps nothing but where it goes wrong.
struct SyntaxCheck {
  std::size_t position = 0;

  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(json::number_integer_t) { return true; }
  bool number_unsigned(json::number_unsigned_t) { return true; }
  bool number_float(json::number_float_t, const std::string&) { return true; }
  bool string(std::string&) { return true; }
  bool binary(json::binary_t&) { return true; }
  bool start_object(std::size_t) { return true; }
  bool key(std::string&) { return true; }
  bool end_object() { return true; }
  bool start_array(std::size_t) { return true; }
  bool end_array() { return true; }
  bool parse_error(std::size_t at, const std::string&, const json::exception&) {
    position = at;
    return false;
  }
};

/// What tells a change from other objects, read from its text.
struct ChangeMarks {
  bool is_change = false;  ///< it has an `origin` and a `seq`
  std::optional<Dot> dot;  ///< if they are well formed
  std::uint64_t lsn = 0;
};

std::uint64_t unsigned_or_zero(std::string_view raw) {
  const json value = json::parse(raw, nullptr, false);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

ChangeMarks read_marks(std::string_view object) {
  ChangeMarks marks;
  std::string_view origin;
  std::string_view seq;
  for (JsonItems members(object); members.next();) {
    const std::string name = codec::json_unquoted(members.key());
    if (name == "origin") origin = members.value();
    if (name == "seq") seq = members.value();
    if (name == "lsn") marks.lsn = unsigned_or_zero(members.value());
  }
  marks.is_change = !origin.empty() && !seq.empty();
  if (!marks.is_change || origin.front() != '"') return marks;
  const Result<NodeId> node = NodeId::parse(codec::json_unquoted(origin));
  const Sequence number = unsigned_or_zero(seq);
  if (node && number != 0) marks.dot = Dot{*node, number};
  return marks;
}

/// Builds the document out of valid text.
class Builder {
 public:
  json build(std::string_view text, std::size_t depth = 0) {
    if (depth > limits::max_nesting) {
      too_deep_ = true;
      return nullptr;
    }
    if (text.front() == '{') return object(text, depth);
    if (text.front() == '[') return array(text, depth);
    return json::parse(text, nullptr, false);
  }
  bool too_deep() const noexcept { return too_deep_; }

 private:
  json array(std::string_view text, std::size_t depth) {
    json list = json::array();
    for (JsonItems items(text); !too_deep_ && items.next();) {
      list.push_back(build(items.value(), depth + 1));
    }
    return list;
  }

  json object(std::string_view text, std::size_t depth) {
    json members = json::object();
    for (JsonItems items(text); !too_deep_ && items.next();) {
      const std::string name = codec::json_unquoted(items.key());
      const std::string_view value = items.value();
      if (value.front() == '[' && !lsns_name(name).empty()) {
        change_list(members, name, value, depth + 1);
      } else if (value.front() == '{' && (name == "local" || name == "remote")) {
        members[name] = tip(value, depth + 1);
      } else if (name == "data") {
        members[name] = json_text_node(value);
      } else {
        members[name] = build(value, depth + 1);
      }
    }
    return members;
  }

  void change_list(json& members, const std::string& name, std::string_view text,
                   std::size_t depth) {
    json list = json::array();
    json lsns = json::array();
    bool any_lsn = false;
    for (JsonItems items(text); !too_deep_ && items.next();) {
      std::uint64_t lsn = 0;
      list.push_back(items.value().front() == '{' ? change(items.value(), lsn, depth + 1)
                                                  : build(items.value(), depth + 1));
      lsns.push_back(lsn);
      any_lsn = any_lsn || lsn != 0;
    }
    members[name] = std::move(list);
    if (any_lsn) members[std::string(lsns_name(name))] = std::move(lsns);
  }

  /// The node for an object where a change may stand.
  json change(std::string_view text, std::uint64_t& lsn, std::size_t depth) {
    const ChangeMarks marks = read_marks(text);
    if (marks.is_change) {
      lsn = marks.lsn;
      const Result<Change> read = change_from_json(text);
      if (read) return record_node(encode_record(*read));
      if (marks.dot) return fault_node(*marks.dot, read.error());
    }
    return build(text, depth);
  }

  /// A side of a conflict: a change, or only what names the change where it parted.
  json tip(std::string_view text, std::size_t depth) {
    const Result<Change> read = change_from_json(text);
    return read ? record_node(encode_record(*read)) : build(text, depth);
  }
  static json record_node(const std::string& record) {
    return syncline::record_node(
        {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()});
  }

  bool too_deep_ = false;
};

void append_text(std::string& out, const json& scalar) {
  // A replaced character is better than an exception over somebody's wrong bytes in a message.
  out += scalar.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Writes a document, changes in their JSON form.
class Writer {
 public:
  Writer(std::string& out, JsonPayload payload) : out_(out), payload_(payload) {}

  void write(const json& node, Lsn lsn = 0) {
    if (node.is_object()) {
      write_object(node);
    } else if (node.is_array()) {
      write_array(node, nullptr);
    } else if (node.is_binary()) {
      write_binary(node, lsn);
    } else {
      append_text(out_, node);
    }
  }

 private:
  void write_object(const json& node) {
    out_ += '{';
    bool first = true;
    for (const auto& [name, value] : node.items()) {
      if (is_lsns(node, name)) continue;
      if (!first) out_ += ',';
      first = false;
      append_text(out_, json(name));
      out_ += ':';
      if (value.is_array()) {
        write_array(value, lsns_of(node, name, value));
      } else {
        write(value);
      }
    }
    out_ += '}';
  }

  void write_array(const json& node, const json* lsns) {
    out_ += '[';
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (i > 0) out_ += ',';
      const bool has_lsn = lsns != nullptr && (*lsns)[i].is_number_integer();
      write(node[i], has_lsn ? (*lsns)[i].get<Lsn>() : 0);
    }
    out_ += ']';
  }

  void write_binary(const json& node, Lsn lsn) {
    const std::string_view bytes = node_bytes(node);
    if (is_node(node, NodeKind::record)) {
      ChangeExtras extras;
      if (lsn != 0) extras.lsn = lsn;
      append_change_json(out_,
                         view_trusted_record(reinterpret_cast<const std::uint8_t*>(bytes.data())),
                         extras, payload_);
    } else if (is_node(node, NodeKind::json_text)) {
      out_ += bytes;
    } else {
      out_ += '"' + to_base64(bytes) + '"';
    }
  }

  /// The LSNs beside the list `name` of `object`; null if there are none that fit.
  static const json* lsns_of(const json& object, std::string_view name, const json& list) {
    const std::string_view sibling = lsns_name(name);
    if (sibling.empty()) return nullptr;
    const auto found = object.find(sibling);
    const bool fits = found != object.end() && found->is_array() && found->size() == list.size();
    return fits ? &*found : nullptr;
  }

  static bool is_lsns(const json& object, std::string_view name) {
    for (const std::string_view list : {"changes", "rows", "history", "markers"}) {
      if (lsns_name(list) != name) continue;
      const auto found = object.find(list);
      return found != object.end() && found->is_array() && lsns_of(object, list, *found) != nullptr;
    }
    return false;
  }

  std::string& out_;
  JsonPayload payload_;
};

}  // namespace

Result<json> parse_json(std::string_view text) {
  // The validator takes a NUL for the end of the text and steps over a byte order mark.
  if (text.find('\0') != std::string_view::npos) {
    return Error{ErrorCode::bad_request, "the body is not JSON: it contains a NUL byte"};
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  SyntaxCheck check;
  if (!json::sax_parse(text.begin(), text.end(), &check)) {
    return Error{ErrorCode::bad_request, "the body is not valid JSON: syntax error at byte " +
                                             std::to_string(check.position)};
  }
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  Builder builder;
  json body = builder.build(text);
  if (builder.too_deep()) {
    return Error{ErrorCode::bad_request, "the body is nested deeper than " +
                                             std::to_string(limits::max_nesting) + " levels"};
  }
  return body;
}

std::string write_json(const json& body, JsonPayload payload) {
  std::string out;
  Writer(out, payload).write(body);
  return out;
}

}  // namespace syncline::body_internal
