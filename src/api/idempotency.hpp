// Repeated requests that get their first answer.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "syncline/tenant.hpp"
#include "syncline/transport.hpp"

namespace syncline::api {

/// Keys kept for each tenant: enough for the repeats of some minutes.
inline constexpr std::size_t max_idempotency_keys = 1000;
/// Bytes of answers kept for each tenant.
inline constexpr std::size_t max_idempotency_bytes = std::size_t{8} << 20;
/// Bytes of one key. A UUID has 36.
inline constexpr std::size_t max_idempotency_key_bytes = 255;

/// Remembers answers by `Idempotency-Key`, apart for each tenant, the least recently used going
/// first. Thread-safe.
class IdempotencyStore {
 public:
  /// Does `work` unless this very request was answered before, under the same key. Of two at once
  /// the second waits for the first. Answers that a repeat may change (429 and 5xx) are not kept.
  /// Errors: `bad_request` for a key that is too long or was used for another request.
  Result<HttpResponse> once(const std::shared_ptr<Tenant>& tenant, const HttpRequest& request,
                            const std::function<HttpResponse()>& work);
  /// The tenant is gone.
  void forget(std::string_view tenant);

 private:
  struct Answer {
    std::string key;
    std::string fingerprint;
    HttpResponse response;
  };
  /// The answers of one tenant. Its mutex is held while a request with a key is served.
  struct Shelf {
    std::weak_ptr<Tenant> tenant;
    std::mutex mutex;
    std::list<Answer> answers;  ///< the most recently used first
    std::unordered_map<std::string, std::list<Answer>::iterator> by_key;
    std::size_t bytes = 0;
  };
  std::shared_ptr<Shelf> shelf(const std::shared_ptr<Tenant>& tenant);
  static void keep(Shelf& shelf, Answer answer);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Shelf>, std::less<>> shelves_;
};

}  // namespace syncline::api
