// Real disks that are full or read-only: small file systems in memory, which take root to mount.
#include <cerrno>
#include <csignal>
#include <fstream>

#include <sys/mount.h>

#include "integration/data_directory.hpp"
#include "support/test_server.hpp"

namespace {

using cli_test::DataServer;
using cli_test::has;

/// A small file system, mounted as long as it lives.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size) : path_(scratch_ / "disk") {
    std::filesystem::create_directories(path_);
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted_) MESSAGE("not run: a file system cannot be mounted here");
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& path() const { return path_; }
  void set_read_only(bool read_only) const {
    unsigned long flags = MS_REMOUNT;
    if (read_only) flags |= MS_RDONLY;
    REQUIRE(mount("tmpfs", path_.c_str(), "tmpfs", flags, nullptr) == 0);
  }

 private:
  cli_test::Scratch scratch_;
  std::string path_;
  bool mounted_ = false;
};

std::string row(int number) { return "r" + std::to_string(number); }
std::string value(int number) {
  return "\"" + std::to_string(number) + std::string(4000, 'x') + "\"";
}

}  // namespace

TEST_CASE("a full disk refuses writes, reads go on, and it works again when there is room") {
  const SmallDisk disk("3m");
  if (!disk.mounted()) return;
  const std::string filler = disk.path() + "/filler";
  std::ofstream(filler) << std::string(2 << 20, 'f');
  const std::string data = disk.path() + "/data";
  auto server = std::make_unique<DataServer>(data, std::vector<std::string>{"--tenant", "shop"});
  int written = 0;
  cli_test::Run refused;
  while (true) {
    refused = server->run({"put", "t", row(written), value(written)});
    if (refused.status != 0) break;
    ++written;
    REQUIRE(written < 2000);
  }
  CHECK(written > 20);
  CHECK_MESSAGE(has(refused.err, "No space left on device"), refused.err);
  CHECK_FALSE(has(refused.err, disk.path()));
  CHECK(server->run({"put", "t", row(written), value(written)}).status != 0);
  for (int i = 0; i < written; i += 7) {
    CHECK(server->run({"get", "t", row(i), "--json"}).status == 0);
  }
  REQUIRE(std::filesystem::remove(filler));
  for (int i = 0; i < 30; ++i, ++written) {
    REQUIRE(server->run({"put", "t", row(written), value(written)}).status == 0);
  }
  server->stop(SIGKILL);
  server = std::make_unique<DataServer>(data);
  for (int i = 0; i < written; ++i) REQUIRE(server->run({"get", "t", row(i)}).status == 0);
  server->stop();
  CHECK(cli_test::run({"verify", data}).status == 0);
}

TEST_CASE("a disk that turns read-only refuses writes, reads go on") {
  const SmallDisk disk("8m");
  if (!disk.mounted()) return;
  const std::string data = disk.path() + "/data";
  {
    DataServer server(data, {"--tenant", "shop"});
    cli_test::put(server, "1", "1");
    server.stop();
  }
  disk.set_read_only(true);
  const auto refused = cli_test::run({"serve", "--data", data, "--listen", "127.0.0.1:0"});
  CHECK(refused.status != 0);
  CHECK_MESSAGE(has(refused.err, "Read-only file system"), refused.err);
  CHECK_MESSAGE(has(refused.err, data), refused.err);
  // To look is allowed.
  const auto verified = cli_test::run({"verify", data});
  CHECK_MESSAGE(verified.status == 0, verified.err);
  disk.set_read_only(false);
  DataServer server(data);
  CHECK(server.run({"get", "t", "1"}).status == 0);
  server.stop();
}
