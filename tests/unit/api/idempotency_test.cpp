#include "api/idempotency.hpp"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline {

namespace {

HttpRequest keyed(std::string key, std::string body = "1") {
  return {"PUT", "/x", {{"Idempotency-Key", std::move(key)}}, std::move(body)};
}

/// Counts how often work was done.
struct Worker {
  HttpResponse operator()() {
    ++done;
    HttpResponse response;
    response.status = status;
    response.body = std::string(size, 'x') + std::to_string(done);
    return response;
  }
  int done = 0;
  unsigned status = 200;
  std::size_t size = 0;
};

}  // namespace

TEST_SUITE("idempotency") {
  TEST_CASE("a repeat gets the first answer, apart for each tenant") {
    TenantManager tenants;
    const auto first = *tenants.create("a", "pro");
    const auto second = *tenants.create("b", "pro");
    api::IdempotencyStore store;
    Worker worker;
    const auto work = [&] { return worker(); };
    CHECK(store.once(first, keyed("k"), work)->body == "1");
    CHECK(store.once(first, keyed("k"), work)->body == "1");
    CHECK(store.once(second, keyed("k"), work)->body == "2");
    CHECK(store.once(first, keyed("l"), work)->body == "3");
    CHECK(store.once(first, {"PUT", "/x", {}, "1"}, work)->body == "4");
    CHECK(store.once(first, keyed("k", "2"), work).error().code == ErrorCode::bad_request);
    CHECK(store.once(first, keyed(std::string(256, 'k')), work).error().code ==
          ErrorCode::bad_request);
    store.forget("a");
    CHECK(store.once(first, keyed("k"), work)->body == "5");
  }

  TEST_CASE("answers that a repeat may change are not kept") {
    TenantManager tenants;
    const auto tenant = *tenants.create("a", "pro");
    api::IdempotencyStore store;
    Worker worker;
    const auto work = [&] { return worker(); };
    for (const unsigned status : {429U, 500U, 503U, 507U}) {
      worker.status = status;
      CHECK(store.once(tenant, keyed("k"), work)->status == status);
    }
    worker.status = 412;
    store.once(tenant, keyed("k"), work).value();
    worker.status = 200;
    CHECK(store.once(tenant, keyed("k"), work)->status == 412);
  }

  TEST_CASE("the least recently used answers go first, by number and by bytes") {
    TenantManager tenants;
    const auto tenant = *tenants.create("a", "pro");
    api::IdempotencyStore store;
    Worker worker;
    const auto work = [&] { return worker(); };
    for (std::size_t i = 0; i < api::max_idempotency_keys; ++i) {
      store.once(tenant, keyed(std::to_string(i)), work).value();
    }
    CHECK(store.once(tenant, keyed("0"), work)->body == "1");
    store.once(tenant, keyed("new"), work).value();
    CHECK(store.once(tenant, keyed("0"), work)->body == "1");
    CHECK(store.once(tenant, keyed("1"), work)->body != "2");
    worker.size = api::max_idempotency_bytes;
    store.once(tenant, keyed("large"), work).value();
    const int done = worker.done;
    store.once(tenant, keyed("large"), work).value();
    CHECK(worker.done == done);
    store.once(tenant, keyed("0"), work).value();
    CHECK(worker.done == done + 1);
  }

  TEST_CASE("of many at once one does the work") {
    TenantManager tenants;
    const auto tenant = *tenants.create("a", "pro");
    api::IdempotencyStore store;
    Worker worker;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back(
          [&] { store.once(tenant, keyed("k"), [&] { return worker(); }).value(); });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(worker.done == 1);
  }
}

}  // namespace syncline
