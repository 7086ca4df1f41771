// An edge of the demo: a replica in this process that goes on- and offline.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/demo/iso_codes.hpp"
#include "syncline/clock.hpp"
#include "syncline/replica.hpp"
#include "syncline/sync_client.hpp"

namespace syncline::app {

/// One edit that somebody makes at an edge.
struct Edit {
  WriteKind kind = WriteKind::update;
  /// The member of the row that an update sets.
  std::string member = {};
  /// Its new value; for an insert the whole row as JSON.
  std::string value = {};
};

/// A replica with a clock and a connection of its own.
class Edge {
 public:
  /// `clock_offset_us` is how wrong its clock is. Errors: `bad_request` for the URL.
  static Result<std::unique_ptr<Edge>> open(std::string name, const std::string& url,
                                            std::int64_t clock_offset_us);

  const std::string& name() const noexcept { return name_; }
  Replica& replica() noexcept { return *replica_; }
  const Clock& clock() const noexcept { return clock_; }

  /// Inserts all rows, locally. Errors: that of the first row that is refused.
  Result<void> load(const std::vector<SourceRow>& rows);
  /// Makes one edit, locally. Errors: those of writing.
  Result<void> edit(const std::string& table, const std::string& row_id, const Edit& edit);
  /// One whole round with the cloud.
  Result<SyncReport> sync() { return client_->sync(); }

 private:
  Edge(std::string name, std::int64_t clock_offset_us)
      : name_(std::move(name)), clock_(clock_offset_us) {}

  const std::string name_;
  SystemClock clock_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<SyncClient> client_;
};

}  // namespace syncline::app
