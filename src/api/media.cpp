#include "api/media.hpp"

#include <algorithm>
#include <optional>

#include "api/header_list.hpp"

namespace syncline::api {

namespace {

std::optional<BodyFormat> format_of(std::string_view type) {
  if (type == "application/json" || type == "application/problem+json") return BodyFormat::json;
  if (type == "application/msgpack" || type == "application/x-msgpack" ||
      type == "application/vnd.msgpack") {
    return BodyFormat::msgpack;
  }
  return std::nullopt;
}

}  // namespace

std::string_view header(const HttpRequest& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view{} : trimmed(found->second);
}

std::string content_type(const HttpRequest& request) {
  std::string_view value = header(request, "Content-Type");
  if (value.empty()) return "application/json";
  return lower_case(take(value, ';'));
}

Result<BodyFormat> accepted_format(const HttpRequest& request) {
  const std::string_view accept = header(request, "Accept");
  if (accept.empty()) return BodyFormat::json;
  std::optional<int> json;
  std::optional<int> msgpack;
  int any = 0;
  for (const WeightedName& wanted : weighted_list(accept)) {
    const int q = wanted.thousandths;
    if (wanted.name == "*/*" || wanted.name == "application/*") any = std::max(any, q);
    if (const auto format = format_of(wanted.name)) {
      auto& best = *format == BodyFormat::json ? json : msgpack;
      best = std::max(best.value_or(0), q);
    }
  }
  const int json_weight = json.value_or(any);
  const int msgpack_weight = msgpack.value_or(any);
  if (json_weight == 0 && msgpack_weight == 0) {
    return Error(ErrorCode::protocol_unsupported,
                 "The header \"Accept\" asks for nothing that can be given here.")
        .with("supported", "application/json")
        .with("supported", "application/msgpack");
  }
  return json_weight >= msgpack_weight ? BodyFormat::json : BodyFormat::msgpack;
}

Result<void> check_content_encoding(const HttpRequest& request) {
  const std::string encoding = lower_case(header(request, "Content-Encoding"));
  if (encoding.empty() || encoding == "identity") return {};
  return Error(ErrorCode::unsupported_media_type,
               "The body's encoding \"" + encoding + "\" is not understood; send it as it is.")
      .with("supported", "identity");
}

Result<nlohmann::json> read_body(const HttpRequest& request) {
  if (const auto plain = check_content_encoding(request); !plain) return plain.error();
  const std::string type = content_type(request);
  const auto format = format_of(type);
  if (!format) {
    return Error(ErrorCode::unsupported_media_type,
                 "The body's type \"" + type + "\" is not understood.")
        .with("supported", "application/json")
        .with("supported", "application/msgpack");
  }
  if (request.body.empty()) {
    return Error(ErrorCode::bad_request, "The request needs a body, and it is empty.");
  }
  return parse_body(request.body, *format);
}

Result<nlohmann::json> read_object(const HttpRequest& request) {
  auto body = read_body(request);
  if (body && !body->is_object()) {
    return Error(ErrorCode::bad_request, "The body has to be an object.");
  }
  return body;
}

HttpResponse body_response(const nlohmann::json& body, BodyFormat format, JsonPayload payload,
                           unsigned status) {
  return text_response(write_body(body, format, payload), format, status);
}

HttpResponse text_response(std::string body, BodyFormat format, unsigned status) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace("Content-Type", media_type(format));
  response.body = std::move(body);
  return response;
}

}  // namespace syncline::api
