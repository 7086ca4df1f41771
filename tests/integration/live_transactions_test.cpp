// Transactions over live connections that are cut at every position of a frame.
#include <atomic>
#include <thread>

#include "integration/faulty_world.hpp"
#include "integration/live_device.hpp"
#include "support/fault_proxy.hpp"

namespace syncline::test {
namespace {

/// Looks without a pause, on a thread of its own, whether the pair of rows is ever there by half.
class HalfWatch {
 public:
  explicit HalfWatch(const Replica& replica) : thread_([this, &replica] { watch(replica); }) {}
  ~HalfWatch() {
    over_ = true;
    thread_.join();
  }
  HalfWatch(const HalfWatch&) = delete;
  HalfWatch& operator=(const HalfWatch&) = delete;
  int halves() const { return halves_; }

 private:
  void watch(const Replica& replica) {
    while (!over_) {
      // One page is one moment; two calls of `get` would be two.
      const RowPage page = replica.scan("t");
      std::size_t rows = 0;
      std::string_view data;
      bool same = true;
      for (const Row& row : page.rows) {
        same = same && (rows == 0 || row.winner->data == data);
        data = row.winner->data;
        ++rows;
      }
      if (rows == 1 || !same) ++halves_;
      std::this_thread::yield();
    }
  }

  std::atomic<bool> over_{false};
  std::atomic<int> halves_{0};
  std::thread thread_;
};

/// Live from a fresh start: a replicator whose connections keep breaking falls back to polling.
void go_live(LiveDevice& device, FaultProxy& proxy) {
  proxy.set({});
  device.replicator().stop();
  device.replicator().start();
  REQUIRE(device.comes_to(ReplicatorState::live));
}

/// More than the frame of one transaction has, and than the sign of its acceptance.
constexpr std::uint64_t cut_end = 780;

}  // namespace

TEST_CASE("a device never shows a transaction by half, wherever its live connection is cut") {
  TestServer server;
  Replica& hub = server.add_tenant("shop").replica();
  FaultProxy proxy(server.server().port());
  LiveDevice reader(proxy.url(), "shop");
  const HalfWatch watch(reader.replica());
  for (std::uint64_t at = 0; at < cut_end; ++at) {
    CAPTURE(at);
    go_live(reader, proxy);
    Faults faults;
    faults.cut_answers_after = at;
    proxy.set(faults);
    const std::string data = std::to_string(at);
    write_pair(hub, "t", data);
    REQUIRE(reader.gets(pair_second, data));
    CHECK(reader.gets(pair_first, data));
  }
  CHECK(proxy.counts().cuts > cut_end / 2);
  CHECK(watch.halves() == 0);
  reader.wait_until_synced();
  CHECK(reader.replica().statistics().changes == hub.statistics().changes);
}

TEST_CASE("a server never shows a transaction by half, wherever a live push is cut") {
  TestServer server;
  Replica& hub = server.add_tenant("shop").replica();
  FaultProxy proxy(server.server().port());
  LiveDevice writer(proxy.url(), "shop");
  const HalfWatch watch(hub);
  for (std::uint64_t at = 0; at < cut_end; ++at) {
    CAPTURE(at);
    go_live(writer, proxy);
    Faults faults;
    faults.cut_requests_after = at;
    proxy.set(faults);
    const std::string data = std::to_string(at);
    write_pair(writer.replica(), "t", data);
    writer.wait_until_synced();
    CHECK(hub.get("t", pair_second).winner->data == data);
  }
  CHECK(proxy.counts().cuts > cut_end / 2);
  CHECK(watch.halves() == 0);
  CHECK(hub.statistics().changes == writer.replica().statistics().changes);
}

}  // namespace syncline::test
