// Consumers of the stream of changes.
#include <utility>

#include "api/change_feed.hpp"
#include "api/change_query.hpp"
#include "api/handlers.hpp"
#include "api/media.hpp"
#include "api/problem.hpp"
#include "api/waiting.hpp"
#include "sync/cursor.hpp"
#include "sync/durable.hpp"

namespace syncline::api {

namespace {

HandlerResult read_or_wait(ChangeQuery wanted, bool last) {
  Replica& replica = wanted.tenant->replica();
  auto page = read_durable(replica, wanted.options);
  if (!page) return page.error();
  if (wanted.show.before) limit_before_images(*page, replica.max_body_bytes());
  if (page->entries.empty() && !page->has_more && !last && wanted.wait_ms > 0) {
    Wait wait;
    wait.tenant = wanted.tenant;
    wait.seen = page->examined;
    wait.timeout = wait_time(wanted.wait_ms);
    // What was passed over once is not read again.
    wanted.options.after = page->examined;
    wait.resume = [wanted = std::move(wanted)](bool last_call) -> Reply {
      auto reply = read_or_wait(wanted, last_call);
      if (!reply) return problem_response(reply.error());
      return std::move(*reply);
    };
    return Reply(std::move(wait));
  }
  nlohmann::json members = nlohmann::json::object();
  members["cursor"] = encode_cursor(cursor_at(page->reader, page->examined));
  members["has_more"] = page->has_more;
  members["lsn"] = page->reader.last_lsn();
  members["oldest_lsn"] = page->reader.first_lsn();
  return Reply(text_response(write_change_page(replica, page->reader, page->entries, wanted.show,
                                               members, wanted.format, wanted.payload),
                             wanted.format));
}

}  // namespace

HandlerResult list_changes(Services& services, Call& call) {
  auto wanted = read_change_query(services, call);
  if (!wanted) return wanted.error();
  if (wanted->feed == Feed::sse || wanted->feed == Feed::ndjson) {
    return Reply(stream_changes(services.tenants, std::move(*wanted)));
  }
  return read_or_wait(std::move(*wanted), false);
}

}  // namespace syncline::api
