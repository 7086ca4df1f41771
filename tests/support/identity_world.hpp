// Replicas on journals that can be copied and put back, and a book of everything that was written.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/hub_transport.hpp"
#include "syncline/sync_client.hpp"
#include "syncline/tenant_store.hpp"

namespace syncline::test {

/// Keeps one tenant, whose journal the test holds.
class OneTenantStore final : public TenantStore {
 public:
  OneTenantStore(std::shared_ptr<MemoryJournal> journal, std::string policy, bool restored)
      : journal_(std::move(journal)), policy_(std::move(policy)), restored_(restored) {}

  Result<std::vector<StoredTenant>> load() override;
  Result<TenantJournal> create_journal(std::string_view) override;
  Result<TenantJournal> open_journal(const StoredTenant&) override;
  Result<void> save(const StoredTenant&) override { return {}; }
  Result<void> remove(std::string_view) override { return {}; }

 private:
  std::shared_ptr<MemoryJournal> journal_;
  std::string policy_;
  bool restored_;
};

/// A server process on a journal.
struct JournaledServer {
  JournaledServer(std::shared_ptr<MemoryJournal> on, Clock& clock, Random& random,
                  const std::string& policy, bool restored = false);
  Replica& replica() { return tenant->replica(); }

  std::shared_ptr<MemoryJournal> journal;
  OneTenantStore store;
  std::unique_ptr<TenantManager> tenants;
  Hub hub;
  std::shared_ptr<Tenant> tenant;
  HubTransport transport;
};

/// Reaches whatever server there is at the moment.
class PresentServer final : public Transport {
 public:
  explicit PresentServer(std::unique_ptr<JournaledServer>& server) : server_(server) {}
  Result<HttpResponse> send(const HttpRequest& request) override {
    return server_->transport.send(request);
  }
  TransportStatistics statistics() const override { return server_->transport.statistics(); }

 private:
  std::unique_ptr<JournaledServer>& server_;
};

/// An edge process on a journal.
struct JournaledEdge {
  std::shared_ptr<MemoryJournal> journal;
  std::unique_ptr<Replica> replica;
  std::unique_ptr<PresentServer> transport;
  std::unique_ptr<SyncClient> client;
};

/// One server, edges, one clock that moves with every act, and what the truth is.
class IdentityWorld {
 public:
  IdentityWorld(std::size_t edges, std::string policy, std::uint64_t seed = 7);

  JournaledServer& server() { return *server_; }
  JournaledEdge& edge(std::size_t i) { return edges_[i]; }
  Clock& clock() { return clock_; }
  std::size_t edges() const { return edges_.size(); }
  Replica& replica(std::size_t i) { return i == 0 ? server_->replica() : *edges_[i - 1].replica; }
  std::size_t replicas() const { return edges_.size() + 1; }

  /// Writes at a replica (0 is the server), unless the row has open siblings.
  void put(std::size_t at, const std::string& row);
  void erase(std::size_t at, const std::string& row);
  SyncReport sync(std::size_t edge);

  std::shared_ptr<MemoryJournal> copy_of(std::size_t at) const;
  /// One more edge, on a copy of another one's journal.
  std::size_t add_edge(std::shared_ptr<MemoryJournal> journal, bool declared = false);
  /// The replica's process ends; another one starts on this journal. What only the former had is
  /// gone with its disk.
  void put_back(std::size_t at, std::shared_ptr<MemoryJournal> journal, bool declared = false);

  /// Exchanges until nothing moves any more, then checks everything, and once more after a write of
  /// each.
  void settle();

  /// What all rounds so far have told.
  struct Totals {
    std::size_t identity_changes = 0;
    std::size_t rewritten = 0;
    std::size_t voided = 0;
  };
  const Totals& totals() const { return totals_; }

 private:
  struct Written {
    std::string row;
    bool erased = false;
    std::set<std::string> saw;  ///< what was written before it, as its writer knew
  };

  JournaledEdge open_edge(std::shared_ptr<MemoryJournal> journal, bool declared);
  std::set<std::string> tags_in(const Replica& replica) const;
  void write(std::size_t at, const std::string& row, bool erase);
  void exchange_until_quiet();
  void check_settled();
  void check_nothing_lost();
  void check_one_content_per_dot();
  void check_equal();
  void check_idle();

  ManualClock clock_{1'700'000'000'000'000};
  SeededRandom random_;
  std::string policy_;
  std::unique_ptr<JournaledServer> server_;
  std::vector<JournaledEdge> edges_;
  std::map<std::string, Written> written_;
  Totals totals_;
  std::set<std::string> gone_;  ///< went with a disk before anybody else had it
};

}  // namespace syncline::test
