// A simulated world in which a script takes place.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "judge.hpp"
#include "script.hpp"
#include "site.hpp"
#include "world_events.hpp"

namespace syncline::sim {

/// Copies of edges make more of them; so many sites are enough.
inline constexpr std::size_t max_sites = 14;

/// With what the values of a tenant begin. Long enough not to come about by chance.
inline constexpr std::array<std::string_view, 2> value_marks = {"~value of one ", "~value of two "};

/// Sites, what connects them, and the judge who looks on. Carries one script out, once.
class World {
 public:
  /// `script` has to outlive the world. `story`: what happens is told there; null: it is not.
  explicit World(const Script& script, std::ostream* story = nullptr);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Carries out all steps up to the first violation; then heals the world, lets all exchange and
  /// has everything judged.
  void run();

  const std::optional<Violation>& violation() const;
  const Events& events() const { return events_; }
  /// Stands for all that all replicas hold and show at the end.
  std::uint64_t digest();

 private:
  /// What is to happen in the middle of the round under way.
  struct Round {
    RoundEvent event = RoundEvent::none;
    std::size_t at = 0;
    std::size_t message = 0;
    std::size_t steps = 0;  ///< that are carried out then
  };
  struct Late {
    std::size_t to = 0;
    HttpRequest request;
  };

  // Beginning (world.cpp).
  void build();
  Site& add_site(Role role, std::size_t tenant, std::shared_ptr<Disk> disk);
  void connect(Site& site, std::size_t server);
  void next_step();
  void perform(const Step& step);
  void pass_time(std::uint64_t us);
  Site& site_of(const Step& step) { return *sites_[step.site % sites_.size()]; }
  /// The site among those that ask others; null if none does.
  Site* asker_of(const Step& step);
  bool over() const { return violation().has_value(); }
  void fail(std::string_view invariant, std::string what);

  // Writes (world_writes.cpp).
  void write_one(const Step& step);
  void write_several(const Step& step);
  void resolve(const Step& step);
  void discard(const Step& step);
  void note(Site& site, const Result<WriteResult>& written);
  std::string next_value(const Site& site, const Step& step);
  std::string table_of(std::uint32_t row) const;
  /// One that the site holds.
  std::string table_at(const Site& site, std::uint32_t row) const;
  std::string row_of(std::uint32_t row) const;

  // Exchange (world_network.cpp).
  Result<HttpResponse> carry(std::size_t from, std::size_t to, const HttpRequest& request);
  HttpResponse deliver(std::size_t to, const HttpRequest& request);
  void deliver_late();
  /// Delivers the push, if there is one, without one of its changes, as a faulty client would.
  void deliver_in_part(Site& from, std::size_t to, const HttpRequest& request);
  void run_inside();
  bool reaches(std::size_t from, std::size_t to) const;
  void sync(const Step& step);
  Result<SyncReport> do_round(Site& site, Site::Line& line, bool bootstrap);
  Result<SyncReport> drive(Site& site, Site::Line& line, bool bootstrap);
  void count(const SyncReport& report);
  void tell(const Site& site, const Site::Line& line, const Result<SyncReport>& report);
  void live(const Step& step);
  void hang_up(Site& site, Site::Line& line);
  /// Ends all live connections from and to a site.
  void hang_up_all(std::size_t site);
  void part(const Step& step, bool apart);

  // Processes and disks (world_processes.cpp).
  void begin(Site& site, bool restored);
  /// The sites that run in one process with this one, itself included.
  std::vector<Site*> housemates(const Site& site);
  std::size_t homes() const { return script_.setup.tenants; }
  void connect_client(Site& site, Site::Line& line);
  void end(Site& site, Departure how);
  void finish_dying();
  std::uint64_t marker_of(const Site& site) const;  ///< 0: it has applied none
  /// Of a home: no marker was given since, or it knows all that there are now.
  bool may_go_back(const Site& home, const Kept& copy) const;
  /// What sites of some tables have seen and a home lacks that holds `known` comes from others:
  /// from its writers, or from who holds all tables.
  bool brings_all_without(const Site* without, std::size_t tenant, const VectorClock& known) const;
  /// Somebody else who holds all tables has applied that marker and can give it to a home that has
  /// not, or nobody holds only some.
  bool gives_marker_without(const Site& site, std::uint64_t number) const;
  void renew(const Step& step);
  void keep(const Step& step);
  void clone(const Step& step);
  /// Those whose disks have lost power go down with them, and start again.
  void see_to_power();

  // Administration (world_admin.cpp).
  void set_policy(const Step& step);
  void set_quota(const Step& step);
  void apply_plan(Site& site);
  void maintain(const Step& step);
  void trim(const Step& step);
  void choose_tables(const Step& step);
  void request(const Step& step);

  // Requests to the API (world_requests.cpp).
  HttpResponse ask(Site& site, const HttpRequest& request);
  void resolve_by_request(Site& site, const Step& step);

  // Coming to rest (world_rest.cpp).
  void heal();
  void come_to_rest();
  /// A round of each pair. How many were told to come again, because not all know yet that they
  /// had been given up.
  std::size_t sync_all(bool up);
  void flush_all();
  /// One more round of each, which brings nothing but markers. True if it did not even bring those.
  bool check_idle();

  // The judge (world_judge.cpp).
  void touch(Site& site) { site.touched = true; }
  void observe_touched();
  Judge& judge_of(const Site& site) { return judges_[site.tenant]; }
  /// No byte of another tenant may be in an answer to one that is about the tenant of `site`.
  void check_for_strangers(const Site& site, const std::string& body);

  bool told() const { return story_ != nullptr; }

  const Script& script_;
  std::ostream* const story_;
  Events events_;
  std::deque<Judge> judges_;  ///< one a tenant
  std::uint64_t now_us_;
  std::vector<std::unique_ptr<Site>> sites_;
  std::vector<std::size_t> askers_;
  std::set<std::pair<std::size_t, std::size_t>> parted_;
  std::vector<Late> late_;
  std::vector<Step> dying_;   ///< of sites that end when their round is over
  std::size_t position_ = 0;  ///< of the next step
  std::size_t depth_ = 0;     ///< 1 in the middle of a round
  Round round_;
  std::uint64_t rebases_ = 0;  ///< in rounds so far, after which another round may be needed
  std::uint64_t rebases_before_ = 0;
  std::uint64_t values_ = 0;  ///< written so far, so that no two are the same
};

}  // namespace syncline::sim
