#include "support/identity_world.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline::test {
namespace {

constexpr std::size_t most_rounds = 12;

std::string tag_of(const ChangeView& change) {
  const Metadata metadata = change.metadata();
  const auto found = metadata.find("tag");
  return found == metadata.end() ? std::string() : found->second;
}

template <typename Visit>
void for_each_change(const Replica& replica, Visit&& visit) {
  ReadOptions options;
  options.limit = 1'000'000;
  const auto page = replica.read(options);
  REQUIRE(page);
  for (const LogEntry& entry : page->entries) visit(entry.change);
}

}  // namespace

Result<std::vector<StoredTenant>> OneTenantStore::load() {
  StoredTenant tenant;
  tenant.id = "default";
  tenant.directory = "default";
  tenant.plan.name = "unlimited";
  tenant.settings.policies.default_policy = policy_;
  return std::vector{tenant};
}

Result<TenantJournal> OneTenantStore::create_journal(std::string_view) {
  return Error{ErrorCode::unavailable, "there is only one tenant"};
}

Result<TenantJournal> OneTenantStore::open_journal(const StoredTenant& tenant) {
  return TenantJournal{tenant.directory, journal_, restored_};
}

JournaledServer::JournaledServer(std::shared_ptr<MemoryJournal> on, Clock& clock, Random& random,
                                 const std::string& policy, bool restored)
    : journal(std::move(on)),
      store(journal, policy, restored),
      tenants([&] {
        TenantManager::Options options;
        options.clock = &clock;
        options.random = &random;
        options.store = &store;
        return TenantManager::open(options).value();
      }()),
      hub(&clock),
      tenant(tenants->get("default").value()),
      transport(*tenants, hub) {}

IdentityWorld::IdentityWorld(std::size_t edges, std::string policy, std::uint64_t seed)
    : random_(seed), policy_(std::move(policy)) {
  server_ = std::make_unique<JournaledServer>(std::make_shared<MemoryJournal>(), clock_, random_,
                                              policy_);
  for (std::size_t i = 0; i < edges; ++i) add_edge(std::make_shared<MemoryJournal>());
}

JournaledEdge IdentityWorld::open_edge(std::shared_ptr<MemoryJournal> journal, bool declared) {
  Replica::Options options;
  options.clock = &clock_;
  options.random = &random_;
  options.journal = journal;
  options.restored = declared;
  options.policies.default_policy = policy_;
  JournaledEdge edge;
  edge.journal = std::move(journal);
  edge.replica = Replica::open(std::move(options)).value();
  edge.transport = std::make_unique<PresentServer>(server_);
  edge.client = std::make_unique<SyncClient>(*edge.replica, *edge.transport, SyncClient::Options{});
  return edge;
}

std::size_t IdentityWorld::add_edge(std::shared_ptr<MemoryJournal> journal, bool declared) {
  edges_.push_back(open_edge(std::move(journal), declared));
  return edges_.size() - 1;
}

std::shared_ptr<MemoryJournal> IdentityWorld::copy_of(std::size_t at) const {
  return at == 0 ? server_->journal->copy() : edges_[at - 1].journal->copy();
}

void IdentityWorld::put_back(std::size_t at, std::shared_ptr<MemoryJournal> journal,
                             bool declared) {
  if (at == 0) {
    server_.reset();
    server_ =
        std::make_unique<JournaledServer>(std::move(journal), clock_, random_, policy_, declared);
  } else {
    edges_[at - 1] = {};
    edges_[at - 1] = open_edge(std::move(journal), declared);
  }
  std::set<std::string> held;
  for (std::size_t i = 0; i < replicas(); ++i) held.merge(tags_in(replica(i)));
  for (const auto& [tag, written] : written_) {
    if (!held.contains(tag)) gone_.insert(tag);
  }
}

std::set<std::string> IdentityWorld::tags_in(const Replica& replica) const {
  std::set<std::string> tags;
  for_each_change(replica, [&](const ChangeView& change) { tags.insert(tag_of(change)); });
  return tags;
}

void IdentityWorld::put(std::size_t at, const std::string& row) { write(at, row, false); }
void IdentityWorld::erase(std::size_t at, const std::string& row) { write(at, row, true); }

void IdentityWorld::write(std::size_t at, const std::string& row, bool erase) {
  clock_.advance_us(1'000);
  Replica& writer = replica(at);
  const std::string tag = "w" + std::to_string(written_.size());
  const Metadata metadata{{"tag", tag}};
  WriteOptions options;
  options.metadata = &metadata;
  const auto done = erase ? writer.erase("t", row, options)
                          : writer.put("t", row, Payload::json('"' + tag + '"'), options);
  if (!done) return;
  Written written{row, erase, {}};
  const LogReader reader = writer.log();
  const ChangeView change = reader.at(done->lsn).change;
  for_each_change(writer, [&](const ChangeView& earlier) {
    if (earlier.row_id != row || !change.saw(earlier.dot)) return;
    const auto found = written_.find(tag_of(earlier));
    if (found == written_.end()) return;
    written.saw.insert(found->first);
    written.saw.insert(found->second.saw.begin(), found->second.saw.end());
  });
  written_.emplace(tag, std::move(written));
}

SyncReport IdentityWorld::sync(std::size_t edge) {
  clock_.advance_us(1'000);
  const Result<SyncReport> report = edges_[edge].client->sync();
  if (!report) FAIL(to_string(report.error()));
  for (const Rejection& rejection : report->rejected) FAIL_CHECK(to_string(rejection.error));
  totals_.identity_changes += report->identity_changed ? 1 : 0;
  totals_.rewritten += report->rewritten;
  totals_.voided += report->voided;
  return *report;
}

void IdentityWorld::exchange_until_quiet() {
  for (std::size_t round = 0; round < most_rounds; ++round) {
    bool moved = false;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const SyncReport report = sync(i);
      moved = moved || report.pushed + report.pulled != 0 || report.requests > 1;
    }
    if (!moved) return;
  }
  FAIL("the replicas do not come to rest");
}

void IdentityWorld::check_nothing_lost() {
  for (std::size_t i = 0; i < replicas(); ++i) {
    const std::set<std::string> held = tags_in(replica(i));
    std::set<std::string> known = held;
    std::set<std::string> deleted_rows;
    for (const std::string& tag : held) {
      const auto found = written_.find(tag);
      if (found == written_.end()) continue;
      known.insert(found->second.saw.begin(), found->second.saw.end());
      if (found->second.erased) deleted_rows.insert(found->second.row);
    }
    // Of two deletes of a row one says what there is to say.
    for (const auto& [tag, written] : written_) {
      if (!written.erased || !deleted_rows.contains(written.row)) continue;
      known.insert(tag);
      known.insert(written.saw.begin(), written.saw.end());
    }
    for (const auto& [tag, written] : written_) {
      const bool there = known.contains(tag) || gone_.contains(tag);
      if (!there) FAIL_CHECK("replica " << i << " has lost " << tag << " of row " << written.row);
    }
  }
}

void IdentityWorld::check_one_content_per_dot() {
  std::map<Dot, std::vector<std::uint8_t>> contents;
  const auto look = [&](const Replica& replica) {
    for_each_change(replica, [&](const ChangeView& change) {
      const std::vector<std::uint8_t> bytes(change.record.begin(), change.record.end());
      const auto [place, added] = contents.emplace(change.dot, bytes);
      if (!added && place->second != bytes) FAIL_CHECK("two contents of " << to_string(change.dot));
    });
  };
  for (std::size_t i = 0; i < replicas(); ++i) {
    look(replica(i));
    Replica::Options options;
    options.clock = &clock_;
    options.policies.default_policy = policy_;
    options.journal = copy_of(i);
    const auto reopened = Replica::open(std::move(options));
    REQUIRE(reopened);
    look(**reopened);
    CHECK((*reopened)->visible_checksum() == replica(i).visible_checksum());
    CHECK((*reopened)->summary() == replica(i).summary());
    CHECK((*reopened)->node() == replica(i).node());
  }
}

void IdentityWorld::check_equal() {
  const auto conflicts_of = [](const Replica& replica) {
    std::map<ConflictId, std::string> conflicts;
    for (const ConflictReport& report : replica.conflicts({}).conflicts) {
      const auto [least, greatest] = std::minmax(report.local.dot, report.remote.dot);
      std::string text = std::string(to_string(report.status)) + " " + to_string(least) + " " +
                         to_string(greatest);
      if (report.winner_dot) text += " " + to_string(*report.winner_dot);
      conflicts.emplace(report.id, text);
    }
    return conflicts;
  };
  for (std::size_t i = 1; i < replicas(); ++i) {
    CHECK(replica(i).visible_checksum() == replica(0).visible_checksum());
    CHECK(replica(i).summary() == replica(0).summary());
    CHECK(conflicts_of(replica(i)) == conflicts_of(replica(0)));
  }
}

void IdentityWorld::check_idle() {
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const SyncReport report = sync(i);
      CHECK(report.requests == 1);
      CHECK(report.pushed + report.pulled + report.rewritten + report.voided == 0);
      CHECK_FALSE(report.identity_changed);
    }
  }
}

void IdentityWorld::check_settled() {
  exchange_until_quiet();
  check_nothing_lost();
  check_one_content_per_dot();
  check_equal();
  check_idle();
}

void IdentityWorld::settle() {
  check_settled();
  // Two that are the same in everything are found when both have written.
  for (std::size_t i = 0; i < replicas(); ++i) put(i, "last of " + std::to_string(i));
  check_settled();
  for (std::size_t i = 0; i < replicas(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(replica(i).node() != replica(j).node());
  }
}

}  // namespace syncline::test
