// Seeds that are text.
#include <string>

#include "seeds/seeds.hpp"

namespace syncline::fuzz {
namespace {

void add_values(SeedFolder& seeds) {
  seeds.add("values", "node_id", "6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0");
  seeds.add("values", "hybrid_time", "2026-11-20T12:00:00.123456Z-00f");
  seeds.add("values", "last_hybrid_time", "2112-09-17T23:53:47.370495Z-fff");
  seeds.add("values", "rfc3339", "2026-11-20T12:00:00.123456Z");
  seeds.add("values", "rfc3339_offset", "2026-11-20T12:00:00.5+01:30");
  seeds.add("values", "rfc3339_short", "1970-01-01t00:00:00z");
  seeds.add("values", "leap_day", "2028-02-29T23:59:60Z");
  seeds.add("values", "operation", "insert");
  seeds.add("values", "kind", "update_delete");
  seeds.add("values", "code", "sequence_gap");
  seeds.add("values", "tenant", "shop.eu-1_x");
  seeds.add("values", "number", std::string("\x06\x1A\x4E\x1D\x2B\x3C\x4D\x5E", 8));
}

void add_words(SeedFolder& seeds) {
  seeds.add("words", "listen", 0, "127.0.0.1:8437");
  seeds.add("words", "listen_v6", 0, "[::1]:0");
  seeds.add("words", "url", 0, "http://example.org:8437/syncline/");
  seeds.add("words", "url_v6", 0, "http://[2001:db8::1]:80");
  seeds.add("words", "tenant", 0, "shop:pro");
  seeds.add("words", "row", 1, R"({"table":"t","row_id":"1","data":{"a":[1, 2.50]}})");
  seeds.add("words", "row_bytes", 1,
            R"({"row_id":"\u00e9","table":"t","data_base64":"AH//","format":"bytes"})");
  seeds.add("words", "wide", 2, "\xE6\x97\xA5\xE6\x9C\xAC e\xCC\x81 \xF0\x9F\x98\x80\t\x1B[31m");
  seeds.add("words", "number", 3, "1000");
  seeds.add("words", "choice", 3, "opne");
  seeds.add("words", "policy", 3, "orders=causal");
}

void add_headers(SeedFolder& seeds) {
  seeds.add("headers", "tags", 0, R"("00000000000000ff", W/"x,y", *)");
  seeds.add("headers", "accept", 1, "application/msgpack;q=0.5, application/json, */*;q=0.001");
  seeds.add("headers", "coding", 1, "gzip;q=1.0, identity; q=0.5, *;q=0, zstd");
  seeds.add("headers", "escapes", 2, "a%20b+c%C3%A9%");
  seeds.add("headers", "query", 3, "a=1&n=7&tables=x,y%2Cz&tables=w&payload=base64");
  seeds.add("headers", "target", 4, "/v1/tenants/shop/rows/people/a%2Fb/history?limit=2");
  seeds.add("headers", "whole_target", 4, "http://host:1/v1/tenants/shop/conflicts/stats");
  seeds.add("headers", "peer", 4, "/v1/tenants/shop/peers/6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0");
}

void add_json(SeedFolder& seeds) {
  seeds.add("json_text", "numbers", "[0,-0,1.5e3,-1E-2,1e400,12345678901234567890]");
  seeds.add("json_text", "strings", R"({"a\n\u00e9\ud83d\ude00":"\"\\\/\b\f\n\r\t","b":""})");
  seeds.add("json_text", "nested", std::string(64, '[') + std::string(64, ']'));
  seeds.add("json_text", "too_deep", std::string(65, '[') + std::string(65, ']'));
  seeds.add("json_text", "half_pair", R"(["\ud83d"])");
  seeds.add("json_text", "words", " { \"a\" : [ true , false , null ] , \"a\" : 2 } \n");
}

void add_requests(SeedFolder& seeds) {
  const std::string tenant = "/v1/tenants/shop/";
  const auto add = [&](const char* name, const std::string& text) { seeds.add("api", name, text); };
  add("rows", "GET " + tenant + "rows/people?limit=1&after=1\nAccept: application/msgpack\n\n");
  add("row", "GET " + tenant + "rows/people/1?payload=base64\nIf-None-Match: \"x\"\n\n");
  add("put", "PUT " + tenant + "rows/people/9\nIf-None-Match: *\nIdempotency-Key: k\n\n{\"a\": 1}" +
                 "\n%%\nPUT " + tenant + "rows/people/9\nIdempotency-Key: k\n\n{\"a\": 1}" +
                 "\n%%\nGET " + tenant + "rows/people/9/history\n\n");
  add("put_bytes", "PUT " + tenant + "rows/t/a%2Fb\nContent-Type: application/octet-stream\n\nxyz" +
                       "\n%%\nDELETE " + tenant + "rows/t/a%2Fb\nIf-Match: *\n\n");
  add("conflict_open", "PUT " + tenant + "rows/people/2\n\n1\n%%\nGET " + tenant +
                           "conflicts?status=open&kind=insert_insert&table=people\n\n");
  add("transaction",
      "POST " + tenant + "transactions\nContent-Type: application/json\n\n" +
          R"({"changes":[{"operation":"insert","table":"people","row_id":"4","data":[1, 2]},)" +
          R"({"operation":"delete","table":"people","row_id":"1","if_match":"x"},)" +
          R"({"operation":"put","table":"t","row_id":"5","data_base64":"AH8=","format":"bytes"}]})");
  add("changes", "GET " + tenant +
                     "changes?since=lsn:2&limit=2&include=before,conflicts&operations=insert" +
                     "&exclude_tables=t&wait_ms=10&feed=longpoll\n\n");
  add("sse", "GET " + tenant + "changes?consumer=c&since=beginning\nAccept: text/event-stream\n" +
                 "Last-Event-ID: x\n\n\n%%\nGET " + tenant + "consumers\n\n" + "\n%%\nDELETE " +
                 tenant + "consumers/c\n\n");
  add("ndjson", "GET " + tenant + "changes?feed=ndjson&tables=people&row_id=1&origins=" +
                    "6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0\n\n");
  add("since_time", "GET " + tenant + "changes?since=time:2026-11-20T12:00:00Z\n\n");
  add("stats", "GET " + tenant + "conflicts/stats?status=all&since=2026-11-20T12:00:00Z\n\n" +
                   "\n%%\nGET " + tenant + "log\n\n\n%%\nGET " + tenant + "usage\n\n");
  add("trim", "POST " + tenant + "log/trim\n\n{\"before_lsn\": 3, \"force\": true}\n%%\nGET " +
                  tenant + "changes?since=beginning\n\n\n%%\nGET " + tenant + "sync/snapshot\n\n");
  add("tenants",
      std::string("POST /v1/tenants\n\n") +
          R"({"id":"x","plan":"free","settings":{"policies":{"default":"causal",)" +
          R"("tables":{"t":"lww"}},"retention":{"max_age_s":3600,"max_bytes":null},)" +
          R"("home":"self","lease_s":86400,"consumer_max_lag":10,)" +
          R"("max_clock_drift_ms":1000}})" + "\n%%\nGET /v1/tenants?limit=1\n\n" +
          "\n%%\nPATCH /v1/tenants/x\n\n{\"plan\":\"pro\",\"settings\":{\"home\":null}}" +
          "\n%%\nDELETE /v1/tenants/x\n\n\n%%\nGET /v1/plans\n\n");
  add("operation",
      "GET /healthz\n\n\n%%\nGET /readyz\n\n\n%%\nPOST /healthz\n\n\n%%\nGET /none\n\n");
  add("live", "GET " + tenant +
                  "sync/live\nSec-WebSocket-Protocol: syncline.v1\nUpgrade: websocket" + "\n\n");
}

}  // namespace

void add_text_seeds(SeedFolder& seeds) {
  add_values(seeds);
  add_words(seeds);
  add_headers(seeds);
  add_json(seeds);
  add_requests(seeds);
}

}  // namespace syncline::fuzz
