// A replica beside a server, and bodies made of its changes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/change_json.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::test {

/// An edge whose requests a test makes itself.
class EdgeNode {
 public:
  explicit EdgeNode(std::int64_t clock_offset_us = 0) : clock_(clock_offset_us) {
    Replica::Options options;
    options.tenant = "acme";
    options.clock = &clock_;
    auto opened = Replica::open(options);
    REQUIRE(opened);
    replica_ = std::move(*opened);
  }

  Replica& replica() { return *replica_; }
  std::string id() const { return replica_->node().to_string(); }

  void put(std::string_view row_id, std::string_view json, std::string_view table = "t") {
    REQUIRE(replica_->put(table, row_id, Payload::json(json)));
  }

  /// The change at `lsn` in its JSON form.
  std::string change(Lsn lsn) const { return change_to_json(replica_->log().at(lsn).change); }

  /// The body of a push of the changes at `lsns`.
  std::string push_body(const std::vector<Lsn>& lsns) const {
    std::string changes;
    for (const Lsn lsn : lsns) changes += (changes.empty() ? "" : ",") + change(lsn);
    return R"({"node_id":")" + id() + R"(","changes":[)" + changes + "]}";
  }

  /// The body of a registration; `tables` is JSON.
  std::string register_body(const std::string& tables = "null") const {
    const OriginState own = replica_->origin(replica_->node());
    const std::string clock =
        own.seq == 0 ? "{}" : "{\"" + id() + "\":" + std::to_string(own.seq) + "}";
    return R"({"protocol":[1],"node_id":")" + id() + R"(","name":"edge","role":"edge","clock":)" +
           clock + R"(,"tables":)" + tables + "}";
  }

 private:
  SystemClock clock_;
  std::unique_ptr<Replica> replica_;
};

}  // namespace syncline::test
