#include "api/media.hpp"

#include <algorithm>
#include <optional>

namespace syncline::api {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string copy(text);
  std::transform(copy.begin(), copy.end(), copy.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return copy;
}

/// The part before `separator`, trimmed; `text` becomes the rest behind it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<BodyFormat> format_of(std::string_view type) {
  if (type == "application/json" || type == "application/problem+json") return BodyFormat::json;
  if (type == "application/msgpack" || type == "application/x-msgpack" ||
      type == "application/vnd.msgpack") {
    return BodyFormat::msgpack;
  }
  return std::nullopt;
}

/// The weight "q=0.5" as thousandths; what is no weight counts as 1.
int weight(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string parameter = lower(take(parameters, ';'));
    if (!parameter.starts_with("q=")) continue;
    if (parameter.starts_with("q=0")) {
      int thousandths = 0;
      int place = 100;
      for (std::size_t i = 4; i < std::min<std::size_t>(parameter.size(), 7); ++i, place /= 10) {
        if (parameter[i] >= '0' && parameter[i] <= '9') thousandths += (parameter[i] - '0') * place;
      }
      return thousandths;
    }
  }
  return 1000;
}

}  // namespace

std::string_view header(const HttpRequest& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view{} : trimmed(found->second);
}

std::string content_type(const HttpRequest& request) {
  std::string_view value = header(request, "Content-Type");
  if (value.empty()) return "application/json";
  return lower(take(value, ';'));
}

Result<BodyFormat> accepted_format(const HttpRequest& request) {
  std::string_view rest = header(request, "Accept");
  if (rest.empty()) return BodyFormat::json;
  std::optional<int> json;
  std::optional<int> msgpack;
  int any = 0;
  while (!rest.empty()) {
    std::string_view parameters = take(rest, ',');
    const std::string type = lower(take(parameters, ';'));
    const int q = weight(parameters);
    if (type == "*/*" || type == "application/*") any = std::max(any, q);
    if (const auto format = format_of(type)) {
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
  const std::string encoding = lower(header(request, "Content-Encoding"));
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
