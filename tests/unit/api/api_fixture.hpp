// The API without sockets: requests as values, and a clock that stands still.
#pragma once

#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "api/api.hpp"
#include "support/results.hpp"
#include "syncline/record.hpp"

namespace syncline::test {

/// A tenant called "acme" and requests to it.
class ApiFixture {
 public:
  explicit ApiFixture(const std::string& policy = "lww", const std::string& plan = "unlimited") {
    TenantSettings settings;
    settings.policies.default_policy = policy;
    REQUIRE(tenants.create("acme", plan, settings));
  }

  api::Reply ask(const HttpRequest& request) {
    const api::RequestContext context{.connection = connection, .stopping = stopping};
    return api.handle(request, context);
  }
  HttpResponse send(const HttpRequest& request) {
    api::Reply reply = ask(request);
    REQUIRE(std::holds_alternative<HttpResponse>(reply));
    return std::get<HttpResponse>(std::move(reply));
  }
  HttpResponse get(std::string target, Headers headers = {}) {
    return send({"GET", path(std::move(target)), std::move(headers), {}});
  }
  HttpResponse put(std::string target, std::string body, Headers headers = {}) {
    return send({"PUT", path(std::move(target)), std::move(headers), std::move(body)});
  }
  HttpResponse post(std::string target, std::string body, Headers headers = {}) {
    return send({"POST", path(std::move(target)), std::move(headers), std::move(body)});
  }
  HttpResponse patch(std::string target, std::string body) {
    return send({"PATCH", path(std::move(target)), {}, std::move(body)});
  }
  HttpResponse erase(std::string target, Headers headers = {}) {
    return send({"DELETE", path(std::move(target)), std::move(headers), {}});
  }
  Replica& replica() { return (*tenants.get("acme"))->replica(); }

  /// Has another replica, `origin`, write a row without having seen what is here.
  void write_elsewhere(const NodeId& origin, Sequence seq, const std::string& row_id,
                       const std::string& json) {
    Change change;
    change.dot = {origin, seq};
    change.hlc = HybridTime::from_us(clock.now_us() + 1000);
    change.operation = Operation::insert;
    change.table = "t";
    change.row_id = row_id;
    change.format = PayloadFormat::json;
    change.data = json;
    const std::string record = encode_record(change);
    const std::string_view records[] = {record};
    REQUIRE(replica().integrate(records).rejected.empty());
  }

  ManualClock clock{1'700'000'000'000'000};
  TenantManager tenants{{.clock = &clock}};
  api::Api api{tenants, clock};
  std::uint64_t connection = 0;
  bool stopping = false;

 private:
  /// Whatever does not begin at the root or with a scheme is a resource of the tenant.
  static std::string path(std::string target) {
    const bool whole = target.starts_with('/') || target.starts_with("http://");
    return whole ? target : "/v1/tenants/acme/" + target;
  }
};

inline nlohmann::json json_of(const HttpResponse& response) {
  return nlohmann::json::parse(response.body, nullptr, false);
}

/// The code of a problem, with its status checked against the body's and its type.
inline std::string code_of(const HttpResponse& response) {
  const auto body = json_of(response);
  if (!body.is_object() || !body.contains("code")) return {};
  CHECK(response.headers.at("Content-Type") == "application/problem+json");
  CHECK(body["status"] == response.status);
  CHECK(body.contains("type"));
  CHECK(body.contains("title"));
  CHECK_FALSE(body["detail"].get<std::string>().empty());
  return body["code"];
}

}  // namespace syncline::test
