// Seeds recorded from a client and a server that speak with each other in this process.
#include <functional>

#include "api/api.hpp"
#include "seeds/seeds.hpp"
#include "support/check.hpp"
#include "support/steps.hpp"
#include "support/world.hpp"
#include "sync/live_client.hpp"
#include "sync/live_session.hpp"
#include "syncline/local_transport.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::fuzz {
namespace {

/// Hands requests on, and keeps them and their answers as targets take them.
class Recorder final : public Transport {
 public:
  explicit Recorder(World& world) : server_(make_local_transport(world.tenants, &world.clock)) {}

  Result<HttpResponse> send(const HttpRequest& request) override {
    requests += (requests.empty() ? "" : "\n%%\n") + request.method + ' ' + request.target + '\n';
    for (const auto& [name, value] : request.headers) requests += name + ": " + value + '\n';
    requests += '\n' + request.body;
    Result<HttpResponse> response = server_->send(request);
    const bool packed = response->headers["Content-Type"] == media_type(BodyFormat::msgpack);
    append_step(answers, packed ? 1 : 0, response->body);
    return response;
  }
  TransportStatistics statistics() const override { return server_->statistics(); }

  std::string requests;
  std::string answers;

 private:
  std::unique_ptr<Transport> server_;
};

void add_rounds(SeedFolder& seeds, const std::string& name, SyncClient::Options options) {
  World world;
  ManualClock clock{world_begins_us};
  SeededRandom random{77};
  const std::unique_ptr<Replica> edge = make_edge(clock, random);
  Recorder transport(world);
  options.tenant = "shop";
  SyncClient client(*edge, transport, options);
  for (int round = 0; round < 3; ++round) {
    static_cast<void>(client.sync());
    static_cast<void>(edge->put("people", "9", Payload::json("1")));
    clock.advance_us(1'000'000);
  }
  seeds.add("sync_client", "rounds_" + name, transport.answers);
  seeds.add("api", "rounds_" + name, transport.requests);
}

// The conflict of the world is settled, twice.
void add_resolving(SeedFolder& seeds) {
  World world;
  const ConflictPage page = world.replica().conflicts();
  FUZZ_CHECK(!page.conflicts.empty());
  const std::string target = "/v1/tenants/shop/conflicts/" + to_string(page.conflicts.front().id);
  const std::string resolve = "POST " + target + "/resolve\n\n";
  seeds.add("api", "resolve_pick",
            "GET " + target + "\n\n\n%%\n" + resolve + R"({"pick":"local","note":"n"})" + "\n%%\n" +
                resolve + R"({"delete":true})");
  seeds.add("api", "resolve_data", resolve + R"({"data":{"a": 1},"actor":"ann"})");
  seeds.add("api", "resolve_dot",
            resolve + R"({"pick":{"origin":"6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0","seq":1}})");
}

/// Both sides of a live connection, and what each said.
class LiveWorld {
 public:
  explicit LiveWorld(BodyFormat format)
      : edge_(make_edge(clock_, random_)),
        client_(*edge_, options(format), now_us_),
        session_(hub_, world_.tenant, [] { return Result<void>(); }) {}

  void run() {
    exchange();
    world_.put("4", "[2]");
    append_step(to_server, 2, "abcd");
    exchange();
    static_cast<void>(edge_->put("people", "9", Payload::json("[1]")));
    append_step(to_client, 2, "");
    client_.on_commit();
    exchange();
    now_us_ += 31'000'000;
    client_.on_idle(now_us_);
    client_.ask(now_us_);
    append_step(to_client, 4, "");
    exchange();
  }

  std::string to_client;
  std::string to_server;

 private:
  static LiveClient::Options options(BodyFormat format) {
    LiveClient::Options options;
    options.format = format;
    options.batch_changes = 10;
    options.batch_bytes = 100'000;
    options.heartbeat_interval_us = 30'000'000;
    return options;
  }

  // Until nobody has anything to say.
  void exchange() {
    for (bool said = true; said;) {
      said = false;
      for (const LiveMessage& message : client_.take_output()) {
        said = true;
        append_step(to_server, message.binary ? 1 : 0, message.bytes);
        session_.on_message(message);
      }
      while (const auto message = session_.next_message()) {
        said = true;
        append_step(to_client, message->binary ? 1 : 0, message->bytes);
        static_cast<void>(client_.on_message(*message, now_us_));
      }
    }
  }

  World world_;
  Hub hub_{&world_.clock};
  ManualClock clock_{world_begins_us};
  SeededRandom random_{77};
  std::unique_ptr<Replica> edge_;
  std::uint64_t now_us_ = 1;
  LiveClient client_;
  LiveSession session_;
};

void add_live(SeedFolder& seeds, const std::string& name, BodyFormat format) {
  LiveWorld live(format);
  live.run();
  seeds.add("live_session", "talk_" + name, live.to_server);
  seeds.add("live_client", "talk_" + name, live.to_client);
}

}  // namespace

void add_conversation_seeds(SeedFolder& seeds) {
  add_rounds(seeds, "msgpack", {});
  SyncClient::Options json;
  json.json = true;
  add_rounds(seeds, "json", json);
  SyncClient::Options part;
  part.tables = {"people"};
  part.batch_changes = 1;
  add_rounds(seeds, "tables", part);
  add_resolving(seeds);
  add_live(seeds, "msgpack", BodyFormat::msgpack);
  add_live(seeds, "json", BodyFormat::json);
}

}  // namespace syncline::fuzz
