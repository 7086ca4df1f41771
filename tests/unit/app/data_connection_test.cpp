#include "app/data_connection.hpp"

#include <filesystem>

#include <doctest/doctest.h>

#include "app/api_client.hpp"
#include "app/opening_report.hpp"
#include "support/results.hpp"

namespace {

using namespace syncline;
using namespace syncline::app;

struct Fixture {
  Fixture() {
    std::string name = "/tmp/syncline-app-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    scratch = name;
    options.data = scratch + "/edge";
  }
  ~Fixture() {
    std::error_code ignored;
    std::filesystem::remove_all(scratch, ignored);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  Node::Options node() const {
    Node::Options chosen;
    chosen.directory = options.data;
    return chosen;
  }
  void make_edge() const {
    REQUIRE(Node::init_edge(node(), {"http://127.0.0.1:1", "shop", "tablet"}, 1));
  }

  std::string scratch;
  ClientOptions options;
};

TEST_CASE_FIXTURE(Fixture, "a client writes to a directory and reads from it again") {
  make_edge();
  {
    auto client = ApiClient::open(options);
    REQUIRE(client);
    CHECK(client->tenant_path("") == "/v1/tenants/shop");
    CHECK(client->send("PUT", client->row_path("t", "1"), "{\"n\":1}"));
    CHECK(ApiClient::open(options).error().code == ErrorCode::unavailable);
  }
  auto client = ApiClient::open(options);
  REQUIRE(client);
  const auto row = client->get(Target(client->row_path("t", "1")));
  REQUIRE(row);
  CHECK(row->find("{\"n\":1}") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a tenant that was named is not overruled") {
  make_edge();
  options.tenant = "other";
  options.tenant_named = true;
  auto client = ApiClient::open(options);
  REQUIRE(client);
  CHECK(client->get(Target(client->row_path("t", "1"))).error().code ==
        ErrorCode::tenant_not_found);
}

TEST_CASE_FIXTURE(Fixture, "an error says what can be done") {
  const auto missing = ApiClient::open(options);
  REQUIRE(missing.has_error());
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK(missing.error().detail.find("syncline edge init " + options.data) != std::string::npos);
  make_edge();
  REQUIRE(replace_file(system_files(), options.data + "/NODE", "rubbish"));
  const auto damaged = ApiClient::open(options);
  REQUIRE(damaged.has_error());
  CHECK(damaged.error().code == ErrorCode::internal);
  CHECK(damaged.error().detail.find("syncline repair " + options.data) != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "the report of an opening says what was found") {
  make_edge();
  Node::Options restored = node();
  restored.restored = true;
  const auto opened = OpenDirectory::open(restored);
  REQUIRE(opened);
  const std::string text = opening_text(*opened->node);
  CHECK(text.find("data are kept in " + options.data) != std::string::npos);
  CHECK(text.find("of 1 tenant ") != std::string::npos);
  CHECK(text.find("tenant 'shop' is a restored copy") != std::string::npos);
}

}  // namespace
