// A server on a free port of the loopback interface, and ways to talk to it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/results.hpp"
#include "syncline/server.hpp"
#include "syncline/transport.hpp"

namespace syncline::test {

/// Tenants and a server over them. Tests get the plan "unlimited" unless they ask for another.
class TestServer {
 public:
  explicit TestServer(Server::Options options = {}, TenantManager::Options tenant_options = {})
      : tenants_(tenant_options) {
    auto started = Server::start(tenants_, std::move(options));
    REQUIRE_MESSAGE(started, started.error().detail);
    server_ = std::move(*started);
  }

  TenantManager& tenants() { return tenants_; }
  Server& server() { return *server_; }

  Tenant& add_tenant(const std::string& id, const std::string& plan = "unlimited",
                     const std::string& policy = "lww") {
    TenantSettings settings;
    settings.policies.default_policy = policy;
    auto tenant = tenants_.create(id, plan, settings);
    REQUIRE_MESSAGE(tenant, tenant.error().detail);
    return **tenant;
  }

  /// A connection of its own.
  std::unique_ptr<Transport> connect() const {
    HttpTransportOptions options;
    options.url = server_->url();
    auto transport = make_http_transport(options);
    REQUIRE(transport);
    return std::move(*transport);
  }

 private:
  TenantManager tenants_;
  std::unique_ptr<Server> server_;
};

/// Short ways to make requests over one transport.
class TestClient {
 public:
  explicit TestClient(const TestServer& server) : transport_(server.connect()) {}

  HttpResponse send(HttpRequest request) {
    auto response = transport_->send(request);
    REQUIRE_MESSAGE(response, to_string(response.error()));
    return std::move(*response);
  }
  HttpResponse get(std::string target, Headers headers = {}) {
    return send({"GET", std::move(target), std::move(headers), {}});
  }
  HttpResponse put(std::string target, std::string body, Headers headers = {}) {
    return send({"PUT", std::move(target), std::move(headers), std::move(body)});
  }
  HttpResponse post(std::string target, std::string body, Headers headers = {}) {
    return send({"POST", std::move(target), std::move(headers), std::move(body)});
  }
  HttpResponse erase(std::string target, Headers headers = {}) {
    return send({"DELETE", std::move(target), std::move(headers), {}});
  }
  Transport& transport() { return *transport_; }

 private:
  std::unique_ptr<Transport> transport_;
};

/// The body as a document; discarded if it is none.
inline nlohmann::json json_of(const HttpResponse& response) {
  return nlohmann::json::parse(response.body, nullptr, false);
}

/// The code of a problem object, empty for anything else.
inline std::string code_of(const HttpResponse& response) {
  const auto body = json_of(response);
  return body.is_object() ? body.value("code", std::string()) : std::string();
}

inline std::string header_of(const HttpResponse& response, const std::string& name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? std::string() : found->second;
}

}  // namespace syncline::test
