// Clients without a replica of their own: requests to the API of a site that serves.

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "world.hpp"

namespace syncline::sim {
namespace {

/// What a request asks for; `Step::number` modulo their number.
enum class Wish : std::uint8_t {
  put,
  put_if_match,
  put_if_none_match,
  put_twice,  ///< with an idempotency key: the second answer has to be the first
  erase,
  transaction,
  resolve,
  read,
};
constexpr std::uint32_t wishes = 8;

/// The dots of all changes in a successful answer to a write.
void note_changes(const nlohmann::json& body, std::vector<Dot>& dots) {
  if (body.contains("origin") && body.contains("seq")) {
    const auto origin = NodeId::parse(body.at("origin").get<std::string>());
    if (origin) dots.push_back({*origin, body.at("seq").get<Sequence>()});
    return;
  }
  if (body.contains("change")) note_changes(body.at("change"), dots);
  if (!body.contains("changes")) return;
  for (const nlohmann::json& change : body.at("changes")) note_changes(change, dots);
}

HttpRequest make(std::string method, const Site& site, const std::string& path, std::string body) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = "/v1/tenants/" + site.tenant_id() + path;
  if (!body.empty()) request.headers["Content-Type"] = "application/json";
  request.body = std::move(body);
  return request;
}

}  // namespace

HttpResponse World::ask(Site& site, const HttpRequest& request) {
  events_.add(Event::api_requests);
  touch(site);
  HttpResponse response = site.process->answer(request);
  if (told()) {
    *story_ << "      " << request.method << ' ' << request.target << ' ' << request.body << " -> "
            << response.status << '\n';
  }
  if (response.status >= 500 && response.status != 503 && response.status != 507) {
    fail("no_internal_error", request.method + ' ' + request.target + " was answered with " +
                                  std::to_string(response.status) + ": " + response.body);
  }
  check_for_strangers(site, response.body);
  if (request.method == "GET") return response;
  if (response.status == 503) judge_of(site).wrote_perhaps(site.judged_as);
  if (response.status >= 300) {
    events_.add(Event::writes_refused);
    return response;
  }
  std::vector<Dot> dots;
  note_changes(nlohmann::json::parse(response.body), dots);
  events_.add(Event::writes, dots.size());
  for (const Dot& dot : dots) judge_of(site).wrote(site.judged_as, dot);
  return response;
}

void World::resolve_by_request(Site& site, const Step& step) {
  const HttpResponse list = ask(site, make("GET", site, "/conflicts?status=all", {}));
  if (list.status != 200) return;
  const nlohmann::json body = nlohmann::json::parse(list.body);
  const nlohmann::json& conflicts = body.at("conflicts");
  if (conflicts.empty()) return;
  const auto& chosen = conflicts.at(step.number / wishes % conflicts.size());
  const std::string pick = step.row % 2 == 0 ? "local" : "remote";
  const HttpResponse answer =
      ask(site, make("POST", site, "/conflicts/" + chosen.at("id").get<std::string>() + "/resolve",
                     "{\"pick\":\"" + pick + "\"}"));
  if (answer.status == 200) events_.add(Event::resolved);
}

void World::request(const Step& step) {
  Site* serving = &site_of(step);
  if (serving->role == Role::edge) serving = sites_[step.site % homes()].get();
  Site& site = *serving;
  if (site.dying) return;
  const std::string table = table_of(step.row);
  const std::string path = "/rows/" + table + "/" + row_of(step.row);
  HttpRequest put = make("PUT", site, path, next_value(site, step));
  switch (static_cast<Wish>(step.number % wishes)) {
    case Wish::put:
      ask(site, put);
      return;
    case Wish::put_if_match: {
      const HttpResponse found = ask(site, make("GET", site, path, {}));
      const auto tag = found.headers.find("ETag");
      if (tag == found.headers.end()) return;
      put.headers["If-Match"] = tag->second;
      // Now and then somebody else is quicker.
      if (step.number / wishes % 4 == 0) ask(site, make("PUT", site, path, "\"quick\""));
      ask(site, put);
      return;
    }
    case Wish::put_if_none_match:
      put.headers["If-None-Match"] = "*";
      ask(site, put);
      return;
    case Wish::put_twice: {
      put.headers["Idempotency-Key"] = "key-" + std::to_string(++values_);
      const HttpResponse first = ask(site, put);
      const HttpResponse second = site.process->answer(put);
      if (first.status >= 500 || first.body == second.body) return;
      return fail("redelivery_changes_nothing",
                  "a PUT that was repeated under its key was answered " + second.body +
                      " instead of " + first.body);
    }
    case Wish::erase:
      ask(site, make("DELETE", site, path, {}));
      return;
    case Wish::transaction:
      ask(site, make("POST", site, "/transactions",
                     R"({"changes":[{"operation":"put","table":")" + table + R"(","row_id":")" +
                         row_of(step.row) + R"(","data":)" + next_value(site, step) +
                         R"(},{"operation":"put","table":")" + table_of(step.row + 1) +
                         R"(","row_id":")" + row_of(step.row + 1) + R"(","data":)" +
                         next_value(site, step) + "}]}"));
      return;
    case Wish::resolve:
      return resolve_by_request(site, step);
    case Wish::read:
      ask(site, make("GET", site, "/rows/" + table, {}));
      ask(site, make("GET", site, "/changes?since=beginning&include=before,conflicts", {}));
      ask(site, make("GET", site, path + "/history", {}));
      ask(site, make("GET", site, "/conflicts/stats", {}));
      return;
  }
}

}  // namespace syncline::sim
