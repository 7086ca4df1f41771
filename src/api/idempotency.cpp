#include "api/idempotency.hpp"

#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "api/media.hpp"
#include "api/query.hpp"

namespace syncline::api {

namespace {

/// Stands for all of a request that decides what it does.
std::string fingerprint(const HttpRequest& request) {
  std::string text = request.method + ' ';
  text.append(origin_form(request.target));
  for (const char* name : {"Content-Type", "If-Match", "If-None-Match"}) {
    text.append("\n").append(header(request, name));
  }
  const XXH128_hash_t head = XXH3_128bits(text.data(), text.size());
  const XXH128_hash_t body = XXH3_128bits(request.body.data(), request.body.size());
  std::string bytes;
  for (const std::uint64_t part : {head.high64, head.low64, body.high64, body.low64}) {
    bytes.append(std::to_string(part)).append(" ");
  }
  return bytes;
}

std::size_t size_of(const HttpResponse& response) {
  std::size_t bytes = response.body.size();
  for (const auto& [name, value] : response.headers) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

std::shared_ptr<IdempotencyStore::Shelf> IdempotencyStore::shelf(
    const std::shared_ptr<Tenant>& tenant) {
  const std::lock_guard lock(mutex_);
  auto& shelf = shelves_[tenant->id()];
  // A tenant that was removed and made anew has nothing to do with the old one's answers.
  if (!shelf || shelf->tenant.lock() != tenant) {
    shelf = std::make_shared<Shelf>();
    shelf->tenant = tenant;
  }
  return shelf;
}

Result<HttpResponse> IdempotencyStore::once(const std::shared_ptr<Tenant>& tenant,
                                            const HttpRequest& request,
                                            const std::function<HttpResponse()>& work) {
  const std::string key(header(request, "Idempotency-Key"));
  if (key.empty()) return work();
  if (key.size() > max_idempotency_key_bytes) {
    return Error(ErrorCode::bad_request, "The header \"Idempotency-Key\" has " +
                                             std::to_string(key.size()) + " bytes; it may have " +
                                             std::to_string(max_idempotency_key_bytes) + ".");
  }
  std::string wanted = fingerprint(request);
  const auto shelf = this->shelf(tenant);
  const std::lock_guard lock(shelf->mutex);
  if (const auto found = shelf->by_key.find(key); found != shelf->by_key.end()) {
    const auto answer = found->second;
    if (answer->fingerprint != wanted) {
      return Error(ErrorCode::bad_request, "The Idempotency-Key \"" + key +
                                               "\" was used for another request; every request "
                                               "needs a key of its own.");
    }
    shelf->answers.splice(shelf->answers.begin(), shelf->answers, answer);
    return answer->response;
  }
  HttpResponse response = work();
  if (response.status < 500 && response.status != 429) {
    keep(*shelf, {key, std::move(wanted), response});
  }
  return response;
}

void IdempotencyStore::keep(Shelf& shelf, Answer answer) {
  shelf.bytes += size_of(answer.response);
  shelf.answers.push_front(std::move(answer));
  shelf.by_key[shelf.answers.front().key] = shelf.answers.begin();
  // The newest stays even if it alone is too large.
  while (shelf.answers.size() > max_idempotency_keys ||
         (shelf.bytes > max_idempotency_bytes && shelf.answers.size() > 1)) {
    shelf.bytes -= size_of(shelf.answers.back().response);
    shelf.by_key.erase(shelf.answers.back().key);
    shelf.answers.pop_back();
  }
}

void IdempotencyStore::forget(std::string_view tenant) {
  const std::lock_guard lock(mutex_);
  if (const auto found = shelves_.find(tenant); found != shelves_.end()) shelves_.erase(found);
}

}  // namespace syncline::api
