// Answers of the API, byte for byte: tests/golden/messages, files body_….
//
// To make the files: unit_api --no-skip --test-case='make golden bodies'
#include <doctest/doctest.h>

#include "support/golden_messages.hpp"
#include "unit/api/api_fixture.hpp"

namespace syncline::test {
namespace {

const NodeId phone = *NodeId::parse("6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0");

/// A server on which everything is the same each time: ids, times, and what was written.
class FixedServer {
 public:
  FixedServer() {
    TenantSettings settings;
    settings.policies.default_policy = "causal";
    REQUIRE(tenants_.create("shop", "unlimited", settings));
    put("1", R"({"name":  "Ann", "n": 1.50})");
    put("2", "\"caf\xC3\xA9\"");
    put("1", R"({"name":"Bea"})");
    // Another replica wrote the row without having seen what is here.
    Change change;
    change.dot = {phone, 1};
    change.hlc = HybridTime::from_us(clock_.now_us() + 1000, 5);
    change.operation = Operation::insert;
    change.table = "people";
    change.row_id = "2";
    change.format = PayloadFormat::bytes;
    change.data = std::string("\x00\x7F\xFF", 3);
    change.metadata = {{"actor", "carla"}};
    const std::string record = encode_record(change);
    const std::string_view records[] = {record};
    REQUIRE(replica().integrate(records).rejected.empty());
    REQUIRE(replica().erase("people", "1"));
    put("1", "[]");
  }

  /// The body of the answer.
  std::string ask(HttpRequest request, BodyFormat format) {
    request.headers["Accept"] = media_type(format);
    request.target = "/v1/tenants/shop/" + request.target;
    const api::RequestContext context{.connection = 0, .stopping = false};
    api::Reply reply = api_.handle(request, context);
    REQUIRE(std::holds_alternative<HttpResponse>(reply));
    return std::get<HttpResponse>(reply).body;
  }

 private:
  Replica& replica() { return (*tenants_.get("shop"))->replica(); }
  void put(std::string_view row_id, std::string_view text) {
    clock_.advance_us(1'000'000);
    REQUIRE(replica().put("people", row_id, Payload::json(text)));
  }

  ManualClock clock_{1'795'176'000'123'456};
  SeededRandom random_{20'261'120};
  TenantManager tenants_{{.clock = &clock_, .random = &random_}};
  api::Api api_{tenants_, clock_};
};

GoldenMessage golden(const std::string& name, const HttpRequest& request) {
  return {"body_" + name,
          [request](BodyFormat format) { return FixedServer().ask(request, format); },
          {},
          false};
}

GoldenMessage golden_get(const std::string& name, const std::string& target) {
  return golden(name, {"GET", target, {}, {}});
}

std::vector<GoldenMessage> bodies() {
  return {
      golden_get("row", "rows/people/1"),
      golden_get("row_with_siblings", "rows/people/2"),
      golden_get("rows", "rows/people"),
      golden_get("history", "rows/people/1/history"),
      golden_get("changes", "changes?limit=4"),
      golden_get("changes_with_all", "changes?include=before,conflicts"),
      golden_get("conflicts", "conflicts"),
      golden_get("conflict_statistics", "conflicts/stats"),
      golden("written", {"PUT", "rows/people/3", {}, R"({"new": true})"}),
      golden("transaction",
             {"POST",
              "transactions",
              {},
              R"({"changes":[{"operation":"insert","table":"people","row_id":"4","data":[1, 2]},)"
              R"({"operation":"delete","table":"people","row_id":"1"}]})"}),
  };
}

}  // namespace

TEST_CASE("make golden bodies" * doctest::skip()) {
  for (const GoldenMessage& body : bodies()) make_golden(body);
}

TEST_CASE("answers are written to the bytes that are kept") {
  for (const GoldenMessage& body : bodies()) check_golden(body);
  const auto ours = [](std::string_view name) { return name.starts_with("body_"); };
  CHECK(count_golden(ours) == bodies().size());
}

}  // namespace syncline::test
