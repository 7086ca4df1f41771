// The client's HTTP requests, and what the answers to them say.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sync/messages.hpp"
#include "syncline/transport.hpp"

namespace syncline {

/// Builds the requests of one tenant.
class HttpMessages {
 public:
  HttpMessages(std::string_view tenant, BodyFormat format);

  HttpRequest exchange(const ExchangeRequest& request) const;
  HttpRequest pull(const PullRequest& request) const;
  HttpRequest snapshot(const SnapshotRequest& request) const;
  HttpRequest upload(const SnapshotUpload& upload) const;

 private:
  HttpRequest request(std::string method, std::string target) const;
  HttpRequest post(std::string call, const nlohmann::json& body) const;

  std::string base_;
  BodyFormat format_;
};

/// The body of an answer in whatever format it came.
/// Errors: the problem that the answer is, or `internal` if it is neither body nor problem.
Result<nlohmann::json> read_answer(const HttpResponse& response);

/// Percent-encodes everything but letters, digits and "-._~".
std::string percent_encode(std::string_view text);

}  // namespace syncline
