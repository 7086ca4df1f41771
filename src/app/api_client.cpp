#include "app/api_client.hpp"

#include <nlohmann/json.hpp>

#include "app/data_connection.hpp"
#include "app/json_text.hpp"

namespace syncline::app {
namespace {

bool is_unreserved(char letter) {
  return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_' ||
         letter == '~';
}

// For answers without a problem document: they come from something between us and the server.
ErrorCode code_of_status(unsigned status) {
  switch (status) {
    case 401:
      return ErrorCode::unauthorized;
    case 403:
      return ErrorCode::forbidden;
    case 404:
      return ErrorCode::not_found;
    case 405:
      return ErrorCode::method_not_allowed;
    case 409:
    case 412:
      return ErrorCode::precondition_failed;
    case 413:
      return ErrorCode::too_large;
    case 415:
      return ErrorCode::unsupported_media_type;
    case 429:
      return ErrorCode::rate_limited;
    case 502:
    case 503:
    case 504:
      return ErrorCode::unavailable;
    case 507:
      return ErrorCode::quota_exceeded;
    default:
      return status < 500 ? ErrorCode::bad_request : ErrorCode::internal;
  }
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  // A segment of dots alone would be taken for a step in the path.
  const bool only_dots = text == "." || text == "..";
  std::string result;
  result.reserve(text.size());
  for (const char letter : text) {
    if (is_unreserved(letter) && !only_dots) {
      result += letter;
      continue;
    }
    const auto byte = static_cast<unsigned char>(letter);
    result += '%';
    result += digits[byte >> 4U];
    result += digits[byte & 0x0FU];
  }
  return result;
}

Target& Target::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += text_.find('?') == std::string::npos ? '?' : '&';
  text_.append(name).append("=").append(percent_encoded(value));
  return *this;
}

Target& Target::add(std::string_view name, std::uint64_t value) {
  return add(name, std::to_string(value));
}

Result<ApiClient> ApiClient::open(const ClientOptions& options) {
  if (!options.data.empty()) {
    ClientOptions local = options;
    auto opened = DataConnection::open(local);
    if (!opened) return opened.error();
    return ApiClient(std::move(*opened), std::move(local));
  }
  HttpTransportOptions transport_options;
  transport_options.url = options.server;
  transport_options.token = options.token;
  auto transport = make_http_transport(std::move(transport_options));
  if (!transport) return transport.error();
  return ApiClient(std::move(*transport), options);
}

std::string ApiClient::tenant_path(std::string_view rest) const {
  return "/v1/tenants/" + percent_encoded(options_.tenant) + std::string(rest);
}

std::string ApiClient::row_path(std::string_view table, std::string_view row_id) const {
  return tenant_path("/rows/" + percent_encoded(table) + "/" + percent_encoded(row_id));
}

Result<HttpResponse> ApiClient::send(std::string_view method, const std::string& target,
                                     std::string body, Headers headers) {
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = std::move(body);
  request.headers = std::move(headers);
  request.headers.try_emplace("Accept", "application/json");
  if (!request.body.empty()) request.headers.try_emplace("Content-Type", "application/json");
  auto response = transport_->send(request);
  if (!response) return response.error();
  if (response->status >= 400) return error_of(*response);
  return response;
}

Result<std::string> ApiClient::get(const Target& target) {
  auto response = send("GET", target.text());
  if (!response) return response.error();
  if (!is_json(response->body)) {
    return Error(ErrorCode::internal, "the server's answer to GET " + target.text() +
                                          " is not JSON; is it a Syncline server?");
  }
  return std::move(response->body);
}

Result<std::string> ApiClient::post(const std::string& target, std::string body) {
  auto response = send("POST", target, std::move(body));
  if (!response) return response.error();
  if (!is_json(response->body)) {
    return Error(ErrorCode::internal, "the server's answer to POST " + target + " is not JSON");
  }
  return std::move(response->body);
}

Error error_of(const HttpResponse& response) {
  const auto problem = parse_json(response.body);
  if (!problem.is_object() || !problem.contains("code") || !problem["code"].is_string()) {
    return Error(code_of_status(response.status),
                 "the server answered with status " + std::to_string(response.status));
  }
  Error error(error_code_from_string(problem["code"].get_ref<const std::string&>()), {});
  for (const char* member : {"detail", "title"}) {
    const auto found = problem.find(member);
    if (error.detail.empty() && found != problem.end() && found->is_string()) {
      error.detail = found->get<std::string>();
    }
  }
  for (const auto& [name, value] : problem.items()) {
    if (value.is_number_unsigned()) {
      error.members.push_back({name, value.get<std::uint64_t>()});
    } else if (value.is_string()) {
      error.members.push_back({name, value.get<std::string>()});
    }
  }
  return error;
}

}  // namespace syncline::app
