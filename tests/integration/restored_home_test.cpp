// A home that is brought back from a backup when others have forgotten rows that it still has.
#include <filesystem>

#include "integration/data_directory.hpp"
#include "integration/faulty_world.hpp"
#include "integration/live_device.hpp"
#include "syncline/node.hpp"

namespace syncline::test {
namespace {

using namespace std::chrono_literals;
using cli_test::Run;
using cli_test::Scratch;
namespace fs = std::filesystem;

/// A server on a data directory, which says what is stable after every second of its clock.
class HomeOnDisk {
 public:
  HomeOnDisk(std::string directory, Clock& clock)
      : directory_(std::move(directory)), clock_(clock) {
    start();
    REQUIRE(tenants_->create("acme", "unlimited"));
  }
  ~HomeOnDisk() { stop(); }
  HomeOnDisk(const HomeOnDisk&) = delete;
  HomeOnDisk& operator=(const HomeOnDisk&) = delete;

  void start() {
    Node::Options options;
    options.directory = directory_;
    auto node = Node::open(std::move(options));
    REQUIRE_MESSAGE(node, to_string(node.error()));
    node_ = std::move(*node);
    TenantManager::Options with;
    with.clock = &clock_;
    with.store = node_.get();
    auto tenants = TenantManager::open(with);
    REQUIRE_MESSAGE(tenants, to_string(tenants.error()));
    tenants_ = std::move(*tenants);
    Server::Options serving;
    serving.clock = &clock_;
    serving.port = port_;
    serving.maintenance_interval = 5ms;
    serving.marker_interval = 1s;
    auto server = Server::start(*tenants_, std::move(serving));
    REQUIRE_MESSAGE(server, to_string(server.error()));
    server_ = std::move(*server);
    port_ = server_->port();
  }
  void stop() {
    server_.reset();
    tenants_.reset();
    node_.reset();
  }
  std::string url() const { return server_->url(); }
  Replica& replica() { return (*tenants_->get("acme"))->replica(); }

 private:
  const std::string directory_;
  Clock& clock_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Node> node_;
  std::unique_ptr<TenantManager> tenants_;
  std::unique_ptr<Server> server_;
};

struct RestoredWorld {
  const Scratch scratch;
  const std::string directory = scratch / "home";
  const std::string backup = scratch / "backup";
  ManualClock clock{system_clock().now_us()};
  HomeOnDisk home{directory, clock};
  std::vector<std::unique_ptr<Participant>> edges;

  Participant& add() {
    edges.push_back(std::make_unique<Participant>("acme", home.url(), 5000, &clock));
    return *edges.back();
  }
  /// A round of each; false if one was not served.
  bool round() {
    clock.advance_us(2'000'000);
    bool all = true;
    for (const auto& edge : edges) all = edge->client().sync().has_value() && all;
    return all;
  }
  bool forgotten() {
    bool all = home.replica().statistics().tombstones == 0;
    for (const auto& edge : edges) all = all && edge->replica().statistics().tombstones == 0;
    return all;
  }
  std::string text(Replica& replica, const std::string& row) {
    const Row found = replica.get("t", row);
    return found.exists() ? std::string(found.winner->data) : "(none)";
  }
  void restore() {
    home.stop();
    fs::remove_all(directory);
    fs::copy(backup, directory, fs::copy_options::recursive);
    home.start();
  }
};

}  // namespace

TEST_CASE_FIXTURE(RestoredWorld, "a home that is restored brings no row back that all forgot") {
  Participant& one = add();
  Participant& two = add();
  for (const char* row : {"stays", "gone", "deleted later"}) one.put(row, "1");
  for (int i = 0; i < 3; ++i) REQUIRE(round());
  REQUIRE(two.replica().erase("t", "gone"));
  REQUIRE(comes_true([&] { return round() && forgotten(); }));
  const Run copied = cli_test::run({"backup", directory, backup});
  REQUIRE_MESSAGE(copied.status == 0, copied.err);
  const std::uint64_t number_then = home.replica().stable_marker()->number;

  // Of all this the backup knows nothing.
  Participant& three = add();
  three.put("three", "1");
  REQUIRE(home.replica().put("t", "home", Payload::json("1")));
  REQUIRE(one.replica().erase("t", "deleted later"));
  REQUIRE(comes_true([&] { return round() && forgotten(); }));
  const std::uint64_t number = one.replica().stable_marker()->number;
  CHECK(number > number_then);
  two.put("offline", "1");
  two.put("stays", "\"two\"");
  const NodeId before = home.replica().node();
  restore();
  CHECK(home.replica().node() != before);
  CHECK(text(home.replica(), "deleted later") == "1");
  Participant& four = add();
  four.put("four", "1");

  CHECK(comes_true([&] { return round(); }));
  for (int i = 0; i < 4; ++i) CHECK(round());
  for (const char* row : {"three", "home", "offline", "four"}) {
    CAPTURE(row);
    CHECK(text(home.replica(), row) == "1");
  }
  CHECK(text(home.replica(), "stays") == "\"two\"");
  for (const char* row : {"gone", "deleted later"}) {
    CAPTURE(row);
    CHECK(text(home.replica(), row) == "(none)");
  }
  for (const auto& edge : edges) {
    CHECK(edge->replica().visible_checksum() == home.replica().visible_checksum());
    CHECK(conflict_names(edge->replica()) == conflict_names(home.replica()));
  }
  // It goes on counting where the others were.
  REQUIRE(one.replica().erase("t", "stays"));
  CHECK(comes_true([&] { return round() && forgotten(); }));
  CHECK(home.replica().stable_marker()->number > number);
  for (const auto& edge : edges) {
    CHECK(edge->replica().visible_checksum() == home.replica().visible_checksum());
  }
  home.stop();
  CHECK(cli_test::run({"verify", directory}).status == 0);
}

}  // namespace syncline::test
