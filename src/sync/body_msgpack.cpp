// Bodies in MessagePack. The reader checks every length against the bytes that are left before it
// makes room for anything.

#include <bit>
#include <limits>
#include <optional>

#include <msgpack.hpp>

#include "changelog/codec/big_endian.hpp"
#include "changelog/codec/text_check.hpp"
#include "sync/body_formats.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline::body_internal {
namespace {

using nlohmann::json;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  /// nullopt: see `problem`.
  std::optional<json> read_document() {
    json document = read(0);
    if (problem_.empty() && position_ != bytes_.size()) fail("bytes follow the document");
    if (!problem_.empty()) return std::nullopt;
    return document;
  }
  Error error() const {
    return Error{ErrorCode::bad_request, "the body is not valid MessagePack: " + problem_ +
                                             " at byte " + std::to_string(position_)};
  }

 private:
  bool failed() const noexcept { return !problem_.empty(); }
  json fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return nullptr;
  }
  std::size_t left() const noexcept { return bytes_.size() - position_; }

  /// A big-endian number of `width` bytes; 0 and a failure if they are not there.
  std::uint64_t number(std::size_t width) {
    if (left() < width) {
      fail("the body ends within a value");
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      value = (value << 8) | static_cast<std::uint8_t>(bytes_[position_++]);
    }
    return value;
  }

  std::string_view take(std::uint64_t size) {
    if (failed() || size > left()) {
      fail("a length reaches beyond the body");
      return {};
    }
    const std::string_view taken = bytes_.substr(position_, size);
    position_ += size;
    return taken;
  }

  /// Answers repeat what was sent, in JSON as well, and so do logs.
  json text(std::uint64_t size) {
    const std::string_view taken = take(size);
    if (!codec::is_utf8(taken)) return fail("a string that is not UTF-8");
    return std::string(taken);
  }

  json read(std::size_t depth) {
    if (depth > limits::max_nesting) return fail("nested too deep");
    if (looks_like_record()) return read_change(depth);
    return read_value(depth);
  }

  json read_value(std::size_t depth) {
    const auto lead = static_cast<std::uint8_t>(number(1));
    if (failed()) return nullptr;
    if (lead < 0x80) return lead;
    if (lead < 0x90) return read_map(lead & 0x0FU, depth);
    if (lead < 0xA0) return read_array(lead & 0x0FU, depth);
    if (lead < 0xC0) return text(lead & 0x1FU);
    if (lead >= 0xE0) return static_cast<std::int8_t>(lead);
    switch (lead) {
      case 0xC0:
        return nullptr;
      case 0xC2:
        return false;
      case 0xC3:
        return true;
      case 0xC4:
        return binary(take(number(1)));
      case 0xC5:
        return binary(take(number(2)));
      case 0xC6:
        return binary(take(number(4)));
      case 0xCA:
        return std::bit_cast<float>(static_cast<std::uint32_t>(number(4)));
      case 0xCB:
        return std::bit_cast<double>(number(8));
      case 0xCC:
        return number(1);
      case 0xCD:
        return number(2);
      case 0xCE:
        return number(4);
      case 0xCF:
        return number(8);
      case 0xD0:
        return signed_number(static_cast<std::int8_t>(number(1)));
      case 0xD1:
        return signed_number(static_cast<std::int16_t>(number(2)));
      case 0xD2:
        return signed_number(static_cast<std::int32_t>(number(4)));
      case 0xD3:
        return signed_number(static_cast<std::int64_t>(number(8)));
      case 0xD9:
        return text(number(1));
      case 0xDA:
        return text(number(2));
      case 0xDB:
        return text(number(4));
      case 0xDC:
        return read_array(number(2), depth);
      case 0xDD:
        return read_array(number(4), depth);
      case 0xDE:
        return read_map(number(2), depth);
      case 0xDF:
        return read_map(number(4), depth);
      default:
        return fail("a type that bodies do not have");
    }
  }

  /// One kind of node for each number, whichever of its forms it came in.
  static json signed_number(std::int64_t value) {
    return value < 0 ? json(value) : json(static_cast<std::uint64_t>(value));
  }
  static json binary(std::string_view bytes) { return json::binary({bytes.begin(), bytes.end()}); }

  json read_array(std::uint64_t size, std::size_t depth) {
    // Every element takes a byte at least.
    if (failed() || size > left()) return fail("a length reaches beyond the body");
    json list = json::array();
    for (std::uint64_t i = 0; i < size && !failed(); ++i) list.push_back(read(depth + 1));
    return list;
  }

  json read_map(std::uint64_t size, std::size_t depth) {
    if (failed() || size > left() / 2) return fail("a length reaches beyond the body");
    json members = json::object();
    for (std::uint64_t i = 0; i < size && !failed(); ++i) {
      const json name = read(depth + 1);  // which could be a map again
      if (!name.is_string()) return fail("a member's name that is not a string");
      members[name.get_ref<const std::string&>()] = read(depth + 1);
    }
    return members;
  }

  bool looks_like_record() const noexcept {
    constexpr std::string_view head = "\x9D\x01\xC4\x10";
    return bytes_.substr(position_).starts_with(head);
  }

  json read_change(std::size_t depth) {
    const std::string_view rest = bytes_.substr(position_);
    const Result<ChangeView> change =
        decode_record({reinterpret_cast<const std::uint8_t*>(rest.data()), rest.size()});
    if (change) {
      position_ += change->record.size();
      return record_node(change->record);
    }
    json parts = read_value(depth);
    if (failed()) return nullptr;
    const std::optional<Dot> dot = dot_of(parts);
    return dot ? fault_node(*dot, change.error()) : std::move(parts);
  }

  static std::optional<Dot> dot_of(const json& parts) {
    if (!parts.is_array() || parts.size() < 3 || !parts[2].is_number_unsigned()) return {};
    const std::string_view id = node_bytes(parts[1]);
    const NodeId origin(std::span<const std::uint8_t, NodeId::size_bytes>(
        reinterpret_cast<const std::uint8_t*>(id.data()), NodeId::size_bytes));
    const auto seq = parts[2].get<Sequence>();
    if (origin.is_nil() || seq == 0) return {};
    return Dot{origin, seq};
  }

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::string problem_;
};

/// What the packer writes to.
struct StringSink {
  std::string& out;
  void write(const char* bytes, std::size_t size) { out.append(bytes, size); }
};

class Writer {
 public:
  explicit Writer(std::string& out) : sink_{out}, packer_(sink_) {}

  void write(const json& node) {
    switch (node.type()) {
      case json::value_t::object:
        packer_.pack_map(size_of(node.size()));
        for (const auto& [name, value] : node.items()) {
          pack_text(name);
          write(value);
        }
        break;
      case json::value_t::array:
        packer_.pack_array(size_of(node.size()));
        for (const json& element : node) write(element);
        break;
      case json::value_t::string:
        pack_text(node.get_ref<const std::string&>());
        break;
      case json::value_t::boolean:
        packer_.pack(node.get<bool>());
        break;
      case json::value_t::number_integer:
        packer_.pack_int64(node.get<std::int64_t>());
        break;
      case json::value_t::number_unsigned:
        packer_.pack_uint64(node.get<std::uint64_t>());
        break;
      case json::value_t::number_float:
        write_double(node.get<double>());
        break;
      case json::value_t::binary:
        write_binary(node);
        break;
      case json::value_t::null:
      case json::value_t::discarded:
        packer_.pack_nil();
        break;
    }
  }

 private:
  /// Bodies are far below the 4 GiB that lengths can say.
  static std::uint32_t size_of(std::size_t size) noexcept {
    return static_cast<std::uint32_t>(size);
  }
  void pack_text(const std::string& text) {
    packer_.pack_str(size_of(text.size()));
    packer_.pack_str_body(text.data(), size_of(text.size()));
  }
  /// The packer would try whether it is a whole number, which is undefined for 2^64.
  void write_double(double value) {
    char bytes[1 + sizeof value] = {'\xCB'};
    codec::store_big_endian(reinterpret_cast<std::uint8_t*>(bytes + 1),
                            std::bit_cast<std::uint64_t>(value));
    sink_.write(bytes, sizeof bytes);
  }
  void write_binary(const json& node) {
    const std::string_view bytes = node_bytes(node);
    if (is_node(node, NodeKind::record)) {
      sink_.write(bytes.data(), bytes.size());
      return;
    }
    packer_.pack_bin(size_of(bytes.size()));
    packer_.pack_bin_body(bytes.data(), size_of(bytes.size()));
  }

  StringSink sink_;
  msgpack::packer<StringSink> packer_;
};

}  // namespace

Result<json> parse_msgpack(std::string_view bytes) {
  Reader reader(bytes);
  std::optional<json> document = reader.read_document();
  if (!document) return reader.error();
  return std::move(*document);
}

std::string write_msgpack(const json& body) {
  std::string out;
  Writer(out).write(body);
  return out;
}

}  // namespace syncline::body_internal
