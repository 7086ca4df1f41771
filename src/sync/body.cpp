#include "sync/body.hpp"

#include <array>
#include <utility>

#include "sync/body_formats.hpp"

namespace syncline {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> change_lists{{
    {"changes", "lsns"},
    {"rows", "rows_lsns"},
    {"history", "history_lsns"},
    {"markers", "markers_lsns"},
}};

nlohmann::json binary_node(std::string_view bytes, NodeKind kind) {
  return nlohmann::json::binary({bytes.begin(), bytes.end()}, static_cast<std::uint8_t>(kind));
}

}  // namespace

std::string_view media_type(BodyFormat format) noexcept {
  return format == BodyFormat::json ? "application/json" : "application/msgpack";
}

Result<nlohmann::json> parse_body(std::string_view bytes, BodyFormat format) {
  return format == BodyFormat::json ? body_internal::parse_json(bytes)
                                    : body_internal::parse_msgpack(bytes);
}

std::string write_body(const nlohmann::json& body, BodyFormat format, JsonPayload payload) {
  return format == BodyFormat::json ? body_internal::write_json(body, payload)
                                    : body_internal::write_msgpack(body);
}

std::string_view lsns_name(std::string_view list) noexcept {
  for (const auto& [name, lsns] : change_lists) {
    if (name == list) return lsns;
  }
  return {};
}

nlohmann::json record_node(std::span<const std::uint8_t> record) {
  return nlohmann::json::binary({record.begin(), record.end()},
                                static_cast<std::uint8_t>(NodeKind::record));
}

nlohmann::json json_text_node(std::string_view text) {
  return binary_node(text, NodeKind::json_text);
}

bool is_node(const nlohmann::json& node, NodeKind kind) noexcept {
  if (!node.is_binary()) return false;
  const auto& binary = node.get_ref<const nlohmann::json::binary_t&>();
  return binary.has_subtype() && binary.subtype() == static_cast<std::uint8_t>(kind);
}

std::string_view node_bytes(const nlohmann::json& node) {
  const auto& binary = node.get_ref<const nlohmann::json::binary_t&>();
  return {reinterpret_cast<const char*>(binary.data()), binary.size()};
}

nlohmann::json body_internal::fault_node(const Dot& dot, const Error& error) {
  return {{"origin", dot.origin.to_string()},
          {"seq", dot.seq},
          {"field", error.text("field")},
          {"detail", error.detail}};
}

}  // namespace syncline
