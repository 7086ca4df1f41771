#include "sync/http_messages.hpp"

#include <utility>

#include "sync/report_json.hpp"

namespace syncline {
namespace {

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

BodyFormat format_of(const HttpResponse& response) {
  const auto type = response.headers.find("Content-Type");
  const bool msgpack =
      type != response.headers.end() && type->second.find("msgpack") != std::string::npos;
  return msgpack ? BodyFormat::msgpack : BodyFormat::json;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15U];
  }
  return out;
}

HttpMessages::HttpMessages(std::string_view tenant, BodyFormat format)
    : base_("/v1/tenants/" + percent_encode(tenant) + "/sync/"), format_(format) {}

HttpRequest HttpMessages::request(std::string method, std::string target) const {
  HttpRequest request;
  request.method = std::move(method);
  request.target = base_ + std::move(target);
  request.headers["Accept"] = media_type(format_);
  return request;
}

HttpRequest HttpMessages::post(std::string call, const nlohmann::json& body) const {
  HttpRequest http = request("POST", std::move(call));
  http.headers["Content-Type"] = media_type(format_);
  http.body = write_body(body, format_);
  return http;
}

HttpRequest HttpMessages::exchange(const ExchangeRequest& round) const {
  return post("exchange", round.to_body());
}

HttpRequest HttpMessages::pull(const PullRequest& asked) const {
  return post("pull", asked.to_body());
}

HttpRequest HttpMessages::snapshot(const SnapshotRequest& asked) const {
  std::string target = "snapshot?node_id=" + asked.node_id.to_string();
  if (asked.limit) target += "&limit=" + std::to_string(*asked.limit);
  if (asked.max_bytes) target += "&max_bytes=" + std::to_string(*asked.max_bytes);
  for (const std::string& table : asked.tables) target += "&tables=" + percent_encode(table);
  if (!asked.page.empty()) target += "&page=" + percent_encode(asked.page);
  return request("GET", std::move(target));
}

HttpRequest HttpMessages::upload(const SnapshotUpload& upload) const {
  HttpRequest http = request("POST", "snapshot");
  http.headers["Content-Type"] = media_type(format_);
  http.body = write_body(upload.to_body(), format_);
  return http;
}

Result<nlohmann::json> read_answer(const HttpResponse& response) {
  Result<nlohmann::json> body = parse_body(response.body, format_of(response));
  if (response.status >= 200 && response.status < 300) {
    if (body) return body;
    return Error{ErrorCode::internal, "the server's answer cannot be read: " + body.error().detail};
  }
  if (body && body->is_object() && body->contains("code")) return error_from_problem(*body);
  // Not an answer of this protocol: something stands between, or nothing serves this path.
  const std::string status = "HTTP status " + std::to_string(response.status);
  if (response.status >= 502) return Error{ErrorCode::unavailable, status};
  return Error{ErrorCode::internal, status + " and no problem object: is this a Syncline server?"};
}

}  // namespace syncline
