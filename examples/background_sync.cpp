// Two devices that are kept in sync in the background: nobody calls sync, and what one of them
// writes is soon at the other. The server runs in this program, to keep the example in one piece.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include "syncline/replicator.hpp"
#include "syncline/server.hpp"

using syncline::Payload;

namespace {

std::unique_ptr<syncline::Replicator> keep_in_sync(syncline::Replica& replica,
                                                   const std::string& url,
                                                   const std::string& name) {
  syncline::ReplicatorServer server;
  server.url = url;
  server.tenant = "field-work";
  syncline::Replicator::Options options;
  options.replica = &replica;
  options.ports = syncline::make_http_ports(server).value();
  options.tenant = server.tenant;
  options.name = name;
  // Runs on the replicator's thread, unless an executor takes it elsewhere.
  options.on_conflict = [name](const syncline::ConflictSummary& conflict) {
    std::cout << name << ": conflict in " << conflict.table << ' ' << conflict.row_id << '\n';
  };
  auto replicator = syncline::Replicator::make(std::move(options)).value();
  replicator->start();  // returns at once, whether there is a server or not
  return replicator;
}

bool settle(syncline::Replicator& replicator) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const syncline::Result<void> synced = replicator.wait_until_synced(deadline);
  if (!synced) std::cout << to_string(synced.error()) << '\n';
  return synced.has_value();
}

}  // namespace

int main() {
  syncline::TenantManager tenants;
  const auto tenant = tenants.create("field-work", "pro").value();
  const auto server = syncline::Server::start(tenants, {}).value();

  syncline::Replica::Options replica_options;
  replica_options.tenant = "field-work";
  const auto tablet = syncline::Replica::open(replica_options).value();
  const auto phone = syncline::Replica::open(replica_options).value();
  const auto tablet_sync = keep_in_sync(*tablet, server->url(), "tablet");
  const auto phone_sync = keep_in_sync(*phone, server->url(), "phone");

  for (int tree = 1; tree <= 100; ++tree) {
    tablet->put("trees", std::to_string(tree), Payload::json(R"({"height_m":12})")).value();
  }
  phone->put("notes", "1", Payload::json(R"("the path is flooded")")).value();

  // A program that shows what is there needs none of this: it reads its replica.
  bool well = settle(*tablet_sync) && settle(*phone_sync) && settle(*tablet_sync);
  const syncline::ReplicatorStatus status = phone_sync->status();
  std::cout << "the phone is " << to_string(status.state) << ", has " << phone->statistics().rows
            << " rows and " << status.pending_changes << " changes to send\n";

  phone_sync->stop();
  tablet_sync->stop();
  well = well && phone->visible_checksum() == tablet->visible_checksum() &&
         phone->visible_checksum() == tenant->replica().visible_checksum();
  server->stop();
  std::cout << (well ? "all three hold the same\n" : "they differ!\n");
  return well ? 0 : 1;
}
