// Rows and changes of which only a stub is held.
#include "unit/api/api_fixture.hpp"

using namespace syncline;
using namespace syncline::test;

TEST_CASE("a row whose data are elsewhere says so, and so does what was there before") {
  ApiFixture api;
  Change change;
  change.dot = {NodeId::parse("6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0").value(), 1};
  change.hlc = HybridTime::from_us(1'700'000'000'000'000);
  change.operation = Operation::insert;
  change.table = "t";
  change.row_id = "1";
  change.format = PayloadFormat::json;
  change.data = R"({"a":"long"})";
  const std::string whole = encode_record(change);
  const std::string stub =
      make_stub(view_trusted_record(reinterpret_cast<const std::uint8_t*>(whole.data())));
  const std::string_view records[] = {stub};
  REQUIRE(api.replica().integrate(records).applied == 1);

  for (const char* target : {"rows/t/1", "rows/t/1?payload=base64"}) {
    const auto row = nlohmann::json::parse(api.get(target).body);
    CHECK(row["data"].is_null());
    CHECK(row["stub"] == true);
    CHECK_FALSE(row.contains("data_base64"));
  }
  CHECK(nlohmann::json::parse(api.get("rows/t").body)["rows"][0]["stub"] == true);
  const auto shown = nlohmann::json::parse(api.get("rows/t/1/history").body)["changes"][0];
  CHECK(shown["stub"] == true);
  CHECK_FALSE(shown.contains("data"));
  CHECK(shown["metadata"]["stub"] == "1");

  REQUIRE(api.put("rows/t/1", "2").status == 200);
  const auto page = nlohmann::json::parse(api.get("changes?include=before").body);
  CHECK(page["changes"][1]["before"].is_null());
  CHECK(page["changes"][1]["data"] == 2);
  CHECK_FALSE(page["changes"][1].contains("stub"));
}

TEST_CASE("who reads the feed of changes makes them known outside") {
  ApiFixture api;
  REQUIRE(api.put("rows/t/1", "1").status == 201);
  REQUIRE(api.put("rows/u/1", "1").status == 201);
  CHECK(api.replica().private_from() == 1);
  // Also what a filter passes over: the cursor stands behind it.
  REQUIRE(api.get("changes?tables=none").status == 200);
  CHECK(api.replica().private_from() == 3);
}
