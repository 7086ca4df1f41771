// One place of the simulated world: a clock, a disk, and the process that runs on them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/api.hpp"
#include "disk.hpp"
#include "network_live.hpp"
#include "script.hpp"
#include "script_dice.hpp"
#include "syncline/clock.hpp"
#include "syncline/tenant.hpp"

namespace syncline::sim {

/// The tenant called so, and in some worlds another one on the same server.
inline constexpr std::array<std::string_view, 2> tenant_names = {"default", "other"};
/// A change that a cloud takes has at most so many bytes of data; edges take a hundred times that.
inline constexpr std::size_t cloud_change_bytes = 200;

enum class Role : std::uint8_t { cloud, relay, edge };

/// A wall clock that may be off and go wrong, over the time that passes in the world.
class SiteClock final : public Clock {
 public:
  std::uint64_t now_us() const override { return now_us_; }
  /// It is `world_us` in the world.
  void follow(std::uint64_t world_us);
  void set_offset_us(std::int64_t offset_us) { offset_us_ = offset_us; }
  /// From now on it is fast by so many parts in a million.
  void set_drift(std::int64_t parts) { drift_ = parts; }
  bool is_right() const { return offset_us_ == 0 && drift_ == 0; }

 private:
  std::uint64_t now_us_ = 0;
  std::uint64_t world_us_ = 0;
  std::int64_t offset_us_ = 0;
  std::int64_t drift_ = 0;
};

/// A process on a site's disk; nothing of it outlives a restart.
class Process {
 public:
  /// Serves the tenants on these disks.
  static Result<std::shared_ptr<Process>> start(const Setup& setup, Role role, SiteClock& clock,
                                                Random& random, std::vector<Volume> volumes);

  std::shared_ptr<Tenant> tenant(std::string_view id) const { return tenants_->get(id).value(); }
  TenantManager& tenants() { return *tenants_; }
  /// Answers requests, by the library's own request handler.
  HttpResponse answer(const HttpRequest& request);
  /// The server's side of a live connection; null if the server does not want any.
  std::unique_ptr<MessageSession> open_live(std::string_view tenant);
  /// What a server does now and then.
  void maintain();
  /// Drops changes from before `before`, with `force` also what others need; by the API. How many
  /// it dropped. Errors: `precondition_failed` with the body of the answer.
  Result<std::uint64_t> trim(std::string_view tenant, Lsn before, bool force);

 private:
  explicit Process(std::vector<Volume> volumes) : store_(std::move(volumes)) {}

  SiteClock* clock_ = nullptr;
  std::uint64_t marker_interval_us_ = 0;
  DiskStore store_;
  std::unique_ptr<TenantManager> tenants_;
  api::Api& api();

  std::unique_ptr<api::Api> api_;  ///< from the first request on
};

/// An older copy of a disk.
struct Kept {
  std::shared_ptr<Disk> disk;
  std::uint64_t marker = 0;     ///< the number of the stable marker that was applied then
  VectorClock summary;          ///< what was held then
  bool heard_home = false;      ///< it had registered by then
  std::set<std::string> peers;  ///< what was kept there of those who had registered
};

/// A site with what it asks of others.
struct Site {
  struct Line {
    std::size_t server = 0;
    std::unique_ptr<ClientSession> session;
    std::unique_ptr<LiveLink> live;
    bool busy = false;  ///< a round over it is under way
  };

  Site(std::size_t number, Role what, std::uint64_t seed)
      : index(number), role(what), random(seed) {}

  const std::size_t index;
  const Role role;
  std::size_t tenant = 0;  ///< which of `tenant_names`
  SiteClock clock;
  DiceRandom random;
  std::shared_ptr<Disk> disk;
  std::shared_ptr<Process> process;  ///< shared by the sites of one server's tenants
  std::shared_ptr<Tenant> served;    ///< the site's tenant in it
  std::vector<Line> lines;
  std::vector<std::string> tables;     ///< that it holds; empty: all
  std::vector<Kept> kept;              ///< older copies of its disk
  std::size_t judged_as = 0;           ///< its number with the judge
  bool busy = false;                   ///< a round of it is under way
  std::uint64_t plan_bytes = 0;        ///< of changes that its plan allows; 0: any number
  std::optional<std::uint32_t> omits;  ///< the change that a faulty client leaves out
  bool dying = false;                  ///< in that round it ended: nothing leaves it
  bool touched = false;                ///< something may be new in its log

  Replica& replica() const { return served->replica(); }
  std::string tenant_id() const { return std::string(tenant_names[tenant]); }
  /// What an edge's program does after a round: it keeps what the server said of the settings.
  void keep_settings();
  /// And what it does with its log then.
  void trim_by_retention();
};

}  // namespace syncline::sim
