// What the judge is shown, and what stands for the whole outcome.

#include <string>

#include "world.hpp"

namespace syncline::sim {
namespace {

/// Source: G. Fowler, L. C. Noll, K.-P. Vo (FNV-1a), 64 bits.
void mix(std::uint64_t& digest, std::string_view text) {
  for (const char c : text) {
    digest = (digest ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
  }
}

}  // namespace

void World::observe_touched() {
  for (const auto& site : sites_) {
    if (!site->touched) continue;
    site->touched = false;
    if (site->process && !over()) judge_of(*site).observe(site->judged_as);
  }
}

void World::check_for_strangers(const Site& site, const std::string& body) {
  if (homes() == 1 || over()) return;
  const std::string_view mark = value_marks[1 - site.tenant];
  if (body.find(mark) != std::string::npos) {
    return fail("tenants_are_apart", "an answer to tenant " + site.tenant_id() +
                                         " has a value of the other one: " + body);
  }
  for (const auto& other : sites_) {
    if (other->tenant == site.tenant || !other->served) continue;
    const NodeId node = other->replica().node();
    if (body.find(node.to_string()) == std::string::npos) continue;
    return fail("tenants_are_apart", "an answer to tenant " + site.tenant_id() + " names " +
                                         node.to_string() + ", a replica of the other one");
  }
}

std::uint64_t World::digest() {
  std::uint64_t digest = 0xcbf29ce484222325ULL;
  for (const auto& site : sites_) {
    if (!site->process) continue;
    const Replica& replica = site->replica();
    mix(digest, replica.node().to_string());
    mix(digest, to_string(replica.summary()));
    mix(digest, replica.last_hlc().to_string());
    const VisibleChecksum checksum = replica.visible_checksum();
    mix(digest, std::to_string(checksum.rows) + ' ' + std::to_string(checksum.hash));
    ReadOptions options;
    options.limit = 1'000'000;
    const auto page = replica.read(options);
    if (!page) continue;
    for (const LogEntry& entry : page->entries) {
      mix(digest,
          {reinterpret_cast<const char*>(entry.change.record.data()), entry.change.record.size()});
    }
    ConflictQuery query;
    query.limit = 100'000;
    for (const ConflictReport& report : replica.conflicts(query).conflicts) {
      mix(digest, {reinterpret_cast<const char*>(report.id.data), report.id.size()});
      mix(digest, to_string(report.status));
    }
  }
  for (const std::uint64_t count : events_.counts) mix(digest, std::to_string(count));
  return digest;
}

}  // namespace syncline::sim
