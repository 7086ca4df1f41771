// Links the server set of an installed Syncline: a server and a client that synchronise once.
#include <syncline/server.hpp>
#include <syncline/sync_client.hpp>
#include <syncline/transport.hpp>

int main() {
  syncline::TenantManager tenants;
  const auto tenant = tenants.create("default", "unlimited").value();
  const auto server = syncline::Server::start(tenants, {}).value();
  syncline::HttpTransportOptions options;
  options.url = server->url();
  const auto transport = syncline::make_http_transport(options).value();
  const auto replica = syncline::Replica::open({}).value();
  replica->put("t", "1", syncline::Payload::json("{}")).value();
  syncline::SyncClient client(*replica, *transport, {});
  client.sync().value();
  return tenant->replica().get("t", "1").exists() ? 0 : 1;
}
