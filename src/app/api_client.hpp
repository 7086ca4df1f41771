// The JSON API of one server or one data directory, as one tenant's client sees it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/command.hpp"
#include "syncline/transport.hpp"

namespace syncline::app {

/// Percent-encodes all but the unreserved characters, for one segment of a path or one value.
std::string percent_encoded(std::string_view text);

/// A path with a query that grows.
class Target {
 public:
  explicit Target(std::string path) : text_(std::move(path)) {}
  /// Adds `name=value`, unless the value is empty.
  Target& add(std::string_view name, std::string_view value);
  Target& add(std::string_view name, std::uint64_t value);
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Sends requests and turns problem documents into errors. Not thread-safe.
class ApiClient {
 public:
  /// Connects with the first request, or opens the data directory now and keeps it locked for as
  /// long as the client lives. Errors: `bad_request` for an address that is none; those of
  /// `DataConnection::open`.
  static Result<ApiClient> open(const ClientOptions& options);

  /// The path of something of the tenant: "/v1/tenants/{tenant}" + `rest`.
  std::string tenant_path(std::string_view rest) const;
  /// The path of one row of the tenant.
  std::string row_path(std::string_view table, std::string_view row_id) const;

  /// Sends one request, with a JSON body unless `headers` says otherwise. Every status below 400 is
  /// an answer. Errors: `unavailable`, and whatever the server's problem document says.
  Result<HttpResponse> send(std::string_view method, const std::string& target,
                            std::string body = {}, Headers headers = {});
  /// The body of the answer to a GET: one JSON document.
  Result<std::string> get(const Target& target);
  /// The body of the answer to a POST of JSON.
  Result<std::string> post(const std::string& target, std::string body);

 private:
  ApiClient(std::unique_ptr<Transport> transport, ClientOptions options)
      : transport_(std::move(transport)), options_(std::move(options)) {}

  std::unique_ptr<Transport> transport_;
  ClientOptions options_;
};

/// The error that an answer of status 400 or more stands for.
Error error_of(const HttpResponse& response);

}  // namespace syncline::app
