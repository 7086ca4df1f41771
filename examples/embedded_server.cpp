// A program that serves its own data: it writes to a tenant directly, and others read and write the
// same tenant over HTTP at the same time.
#include <iostream>
#include <string>

#include "syncline/server.hpp"
#include "syncline/transport.hpp"

namespace {

syncline::HttpResponse ask(syncline::Transport& transport, std::string method, std::string target,
                           std::string body = {}) {
  syncline::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  if (!body.empty()) request.headers["Content-Type"] = "application/json";
  request.body = std::move(body);
  syncline::HttpResponse response = transport.send(request).value();
  std::cout << request.method << ' ' << request.target << "\n  " << response.status << ' '
            << response.body << '\n';
  return response;
}

}  // namespace

int main() {
  syncline::TenantManager tenants;
  const auto tenant = tenants.create("greenhouse", "pro").value();
  syncline::Replica& replica = tenant->replica();

  // Called after each append, whoever wrote: a place to wake something up.
  const syncline::Subscription subscription = replica.subscribe(
      [](syncline::Lsn last) { std::cout << "  (the log has reached " << last << ")\n"; });

  syncline::Server::Options options;
  options.port = 0;  // any free one
  const auto server = syncline::Server::start(tenants, options).value();
  std::cout << "serving on " << server->url() << '\n';

  replica.put("sensors", "north", syncline::Payload::json(R"({"celsius":21.5})")).value();

  syncline::HttpTransportOptions transport_options;
  transport_options.url = server->url();
  const auto transport = syncline::make_http_transport(transport_options).value();
  const std::string rows = "/v1/tenants/greenhouse/rows/sensors/";
  const auto read = ask(*transport, "GET", rows + "north");
  const auto written = ask(*transport, "PUT", rows + "south", R"({"celsius":24})");
  const auto missing = ask(*transport, "GET", rows + "west");
  ask(*transport, "GET", "/v1/tenants/greenhouse/changes?since=beginning&limit=10");

  // What came over HTTP is there for the program, byte by byte.
  const syncline::Row south = replica.get("sensors", "south");
  std::cout << "the program sees south: " << (south.exists() ? south.winner->data : "nothing")
            << '\n';

  server->stop();  // lets requests under way finish
  const bool as_expected =
      read.status == 200 && written.status < 300 && missing.status == 404 && south.exists();
  return as_expected ? 0 : 1;
}
