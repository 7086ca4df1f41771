#include "sync/consumers.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "syncline/limits.hpp"

namespace syncline {
namespace {

using nlohmann::json;

constexpr std::uint64_t consumer_record_version = 1;
constexpr std::string_view property_prefix = "consumer/";

/// How often a consumer's place is kept at most, in microseconds: one that polls moves all the
/// time.
constexpr std::uint64_t keep_place_every_us = 1'000'000;

std::string property_name(std::string_view name) {
  return std::string(property_prefix) + std::string(name);
}

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= limits::max_consumer_name_bytes &&
         std::all_of(name.begin(), name.end(), fits);
}

std::string encode(const Consumer& consumer) {
  const json body = json::array({consumer_record_version, consumer.log_id.to_string(), consumer.lsn,
                                 consumer.first_seen_us, consumer.last_seen_us});
  const std::vector<std::uint8_t> bytes = json::to_msgpack(body);
  return {bytes.begin(), bytes.end()};
}

/// nullopt if it is damaged or of a newer version: then the consumer is noted anew.
std::optional<Consumer> decode(std::string_view name, std::string_view bytes) {
  const json body = json::from_msgpack(bytes.begin(), bytes.end(), true, false);
  const bool good = body.is_array() && body.size() == 5 && body[0] == consumer_record_version &&
                    body[1].is_string() && body[2].is_number_unsigned() &&
                    body[3].is_number_unsigned() && body[4].is_number_unsigned();
  if (!good) return std::nullopt;
  const Result<LogId> log_id = LogId::parse(body[1].get<std::string>());
  if (!log_id) return std::nullopt;
  return Consumer{std::string(name), *log_id, body[2].get<Lsn>(), body[3].get<std::uint64_t>(),
                  body[4].get<std::uint64_t>()};
}

}  // namespace

Consumers::Consumers(Replica& replica) : replica_(replica) {
  for (const auto& [name, bytes] : replica.properties(property_prefix)) {
    std::optional<Consumer> consumer = decode(name.substr(property_prefix.size()), bytes);
    if (!consumer) continue;
    Entry& entry = consumers_[consumer->name];
    entry.kept_us = consumer->last_seen_us;
    entry.consumer = std::move(*consumer);
  }
}

Result<void> Consumers::write(Entry& entry) {
  auto kept = replica_.set_property(property_name(entry.consumer.name), encode(entry.consumer));
  if (!kept) return kept;
  entry.dirty = false;
  entry.kept_us = entry.consumer.last_seen_us;
  return {};
}

Result<void> Consumers::note(std::string_view name, const LogId& log_id, Lsn lsn,
                             std::uint64_t now_us) {
  if (!is_name(name)) {
    return Error{ErrorCode::bad_request,
                 "a consumer's name is 1 to " + std::to_string(limits::max_consumer_name_bytes) +
                     " characters out of letters, digits, '.', '_' and '-'"};
  }
  const std::lock_guard lock(mutex_);
  const auto found = consumers_.find(name);
  if (found == consumers_.end()) {
    if (consumers_.size() >= limits::max_consumers) {
      return Error{ErrorCode::quota_exceeded,
                   "the tenant has as many named consumers as are kept: forget one"}
          .with("quota", "consumers")
          .with("limit", limits::max_consumers);
    }
    Entry entry;
    entry.consumer = {std::string(name), log_id, lsn, now_us, now_us};
    if (auto kept = write(entry); !kept) return kept;
    consumers_.emplace(name, std::move(entry));
    return {};
  }
  Entry& entry = found->second;
  Consumer& consumer = entry.consumer;
  entry.dirty = entry.dirty || consumer.log_id != log_id || consumer.lsn != lsn ||
                now_us > consumer.last_seen_us;
  // Back to a place that would be lost by a crash is kept at once: what is kept is never ahead.
  const bool back = consumer.log_id != log_id || lsn < consumer.lsn;
  consumer.log_id = log_id;
  consumer.lsn = lsn;
  consumer.last_seen_us = std::max(consumer.last_seen_us, now_us);
  if (!back && now_us < entry.kept_us + keep_place_every_us) return {};
  return write(entry);
}

std::optional<Consumer> Consumers::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = consumers_.find(name);
  if (found == consumers_.end()) return std::nullopt;
  return found->second.consumer;
}

std::vector<Consumer> Consumers::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Consumer> consumers;
  for (const auto& [name, entry] : consumers_) consumers.push_back(entry.consumer);
  return consumers;
}

Result<void> Consumers::forget(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = consumers_.find(name);
  if (found == consumers_.end()) {
    return Error{ErrorCode::not_found, "there is no consumer '" + std::string(name) + "'"};
  }
  if (auto gone = replica_.set_property(property_name(name), std::nullopt); !gone) return gone;
  consumers_.erase(found);
  return {};
}

void Consumers::keep() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : consumers_) {
    // What cannot be kept stays as it was: the consumer holds more than it needs.
    if (entry.dirty) static_cast<void>(write(entry));
  }
}

}  // namespace syncline
