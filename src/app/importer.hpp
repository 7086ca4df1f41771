// Sends lines of an NDJSON file to a server in batches.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api_client.hpp"
#include "app/import_line.hpp"
#include "syncline/node_id.hpp"

namespace syncline::app {

/// What an import did.
struct ImportCounts {
  std::uint64_t lines = 0;  ///< without empty ones
  std::uint64_t rows = 0;
  std::uint64_t changes = 0;     ///< new at the server
  std::uint64_t duplicates = 0;  ///< changes that it held already
  std::uint64_t conflicts = 0;   ///< that the changes gave rise to
  std::uint64_t bad = 0;
};

/// Rows are written by transactions, changes are pushed as a replica would. Not thread-safe.
class Importer {
 public:
  /// Told of each line that was not taken, by number from 1 and with what is wrong.
  using OnBadLine = std::function<void(std::uint64_t number, const std::string& fault)>;

  /// `client` has to outlive it.
  Importer(ApiClient& client, OnBadLine on_bad_line)
      : client_(client), on_bad_line_(std::move(on_bad_line)) {}

  /// Takes the next line; a bad one is reported and passed over. Errors: those that concern more
  /// than a line, e.g. `unavailable`, `quota_exceeded`; lines sent before stay.
  Result<void> add(std::string_view line);
  /// Sends what is left. Errors: as `add`.
  Result<void> finish();
  const ImportCounts& counts() const noexcept { return counts_; }

 private:
  struct Pending {
    std::uint64_t number = 0;
    ImportLine line;
  };

  Result<void> flush();
  Result<void> send_rows();
  Result<void> send_changes();
  Result<void> register_once();
  void report_rejected(const std::string& answer);
  void bad_line(std::uint64_t number, const std::string& fault);
  std::string batch_text() const;

  ApiClient& client_;
  OnBadLine on_bad_line_;
  ImportCounts counts_;
  std::uint64_t number_ = 0;
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  NodeId node_;  ///< that changes are pushed as; nil before the first push
};

}  // namespace syncline::app
