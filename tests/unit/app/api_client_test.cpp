#include "app/api_client.hpp"

#include <doctest/doctest.h>

#include "app/exit_code.hpp"

namespace {

using namespace syncline;
using namespace syncline::app;

HttpResponse answer(unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

TEST_CASE("paths and queries are encoded") {
  CHECK(percent_encoded("a-b.c_d~") == "a-b.c_d~");
  CHECK(percent_encoded("a/b c?") == "a%2Fb%20c%3F");
  CHECK(percent_encoded("ü") == "%C3%BC");
  CHECK(percent_encoded("..") == "%2E%2E");
  CHECK(Target("/x").add("a", "1 2").add("empty", "").add("n", 5).text() == "/x?a=1%202&n=5");
}

TEST_CASE("a client knows its tenant's paths") {
  ClientOptions options;
  options.tenant = "shop";
  const auto client = ApiClient::open(options);
  REQUIRE(client.has_value());
  CHECK(client->tenant_path("/log") == "/v1/tenants/shop/log");
  CHECK(client->row_path("a/b", "1") == "/v1/tenants/shop/rows/a%2Fb/1");
}

TEST_CASE("an address that is none is refused") {
  ClientOptions options;
  options.server = "ftp://x";
  CHECK(ApiClient::open(options).has_error());
}

TEST_CASE("a problem document becomes the error that it was") {
  const Error error = error_of(
      answer(409, R"({"code":"sequence_gap","detail":"5 is next","title":"x","expected_seq":5})"));
  CHECK(error.code == ErrorCode::sequence_gap);
  CHECK(error.detail == "5 is next");
  CHECK(error.number("expected_seq") == 5);
}

TEST_CASE("an answer from something else is told by its status") {
  CHECK(error_of(answer(404, "<html>")).code == ErrorCode::not_found);
  CHECK(error_of(answer(503, "")).code == ErrorCode::unavailable);
  CHECK(error_of(answer(500, "{}")).code == ErrorCode::internal);
  CHECK(error_of(answer(418, "[1]")).code == ErrorCode::bad_request);
}

TEST_CASE("every error has an exit status") {
  CHECK(exit_code_of(ErrorCode::unavailable) == ExitCode::unreachable);
  CHECK(exit_code_of(ErrorCode::row_not_found) == ExitCode::not_found);
  CHECK(exit_code_of(ErrorCode::precondition_failed) == ExitCode::conflict);
  CHECK(exit_code_of(ErrorCode::conflict_open) == ExitCode::conflict);
  CHECK(exit_code_of(ErrorCode::invalid_change) == ExitCode::bad_input);
  CHECK(exit_code_of(ErrorCode::change_log_disabled) == ExitCode::not_allowed);
  CHECK(exit_code_of(ErrorCode::quota_exceeded) == ExitCode::over_limit);
  CHECK(exit_code_of(ErrorCode::internal) == ExitCode::failed);
}

}  // namespace
