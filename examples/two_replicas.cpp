// Two replicas in one process write the same row without knowing of each other, exchange their
// changes, and agree: at once under `lww`, after somebody has decided under `causal`.
#include <iostream>
#include <string_view>
#include <vector>

#include "syncline/replica.hpp"

using syncline::Payload;
using syncline::Replica;

namespace {

std::unique_ptr<Replica> open(std::string policy) {
  Replica::Options options;
  options.tenant = "library";
  options.policies.default_policy = std::move(policy);
  return Replica::open(std::move(options)).value();
}

// What a transport does between nodes: hands over the records that the other side lacks.
void give(const Replica& from, Replica& to) {
  const syncline::VectorClock held = to.summary();
  syncline::ReadOptions options;
  options.not_covered_by = &held;
  const syncline::ReadPage page = from.read(options).value();
  std::vector<std::string_view> records;
  for (const syncline::LogEntry& entry : page.entries) {
    const auto bytes = entry.change.record;
    records.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  const syncline::IntegrateResult result = to.integrate(records);
  std::cout << "  gave " << result.received << ", of these in conflict: " << result.conflicting
            << '\n';
}

void exchange(Replica& left, Replica& right) {
  give(left, right);
  give(right, left);
}

bool run(const char* policy) {
  std::cout << "policy " << policy << '\n';
  const auto left = open(policy);
  const auto right = open(policy);
  left->put("rooms", "12", Payload::json(R"({"free":true})")).value();
  exchange(*left, *right);

  left->update("rooms", "12", Payload::json(R"({"booked_by":"ann"})")).value();
  right->update("rooms", "12", Payload::json(R"({"booked_by":"ben"})")).value();
  exchange(*left, *right);

  const syncline::ConflictReport found = left->conflicts().conflicts.at(0);
  std::cout << "  " << to_string(found.kind) << ", " << to_string(found.status) << ": "
            << found.reason << '\n';
  if (found.status == syncline::ConflictStatus::open) {
    syncline::Settlement settlement;
    settlement.how = syncline::Settlement::How::pick_local;
    settlement.note = "ann asked first";
    left->resolve(found.id, settlement).value();
    exchange(*left, *right);
    const auto settled = right->conflict(found.id).value();
    std::cout << "  now " << to_string(settled.status) << " on the other side, too\n";
  }
  std::cout << "  both show " << left->get("rooms", "12").winner->data << "\n\n";
  return left->visible_checksum() == right->visible_checksum();
}

}  // namespace

int main() { return run("lww") && run("causal") ? 0 : 1; }
