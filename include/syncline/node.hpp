// A node's data directory: its tenants, their journals, and the lock on all of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/file_journal.hpp"
#include "syncline/tenant_store.hpp"

namespace syncline {

/// What an edge belongs to.
struct EdgeHome {
  std::string server;  ///< "http://host:port"
  std::string tenant;
  std::string name;                      ///< shown in the server's list of peers
  std::vector<std::string> tables = {};  ///< that it holds; empty: all
  friend bool operator==(const EdgeHome&, const EdgeHome&) = default;
};

/// What a node's directory is for, and what is in it.
struct NodeCatalogue {
  std::optional<EdgeHome> edge;   ///< nullopt: a server's
  std::uint64_t next_number = 1;  ///< of the next tenant's directory; only grows
  std::vector<StoredTenant> tenants;
};

/// The catalogue of the node in `directory`, which may be in use. Errors: `not_found`,
/// `unavailable`, `bad_request` (a format newer than this program's, or a directory of something
/// else), `internal` (damage: the detail says what helps).
Result<NodeCatalogue> read_catalogue(FileSystem& files, const std::string& directory);

/// What opening one tenant's journal found.
struct TenantOpening {
  std::string id;
  JournalOpening journal;
  /// It was a copy of data that may be in use elsewhere, or declared to be: it has new ids.
  bool identity_changed = false;
};

/// A data directory in use by this process; no other can open it meanwhile. Keeps tenants for a
/// `TenantManager`, which it has to outlive; journals that are still held keep the directory
/// locked. See docs/formats/node.md for what is in it.
class Node final : public TenantStore {
 public:
  struct Options {
    std::string directory;
    bool create = true;           ///< begin a server's directory if there is none
    FileSystem* files = nullptr;  ///< null: the system's. Has to outlive all journals
    Durability durability = Durability::commit;
    std::chrono::milliseconds interval{100};  ///< see `FileJournal::Options`
    std::uint64_t segment_bytes = std::uint64_t{64} << 20;
    bool compress_closed = false;
    /// The directory was brought back from a backup: all its replicas go on under new ids. Those
    /// that find out by themselves that they are copies need not be told.
    bool restored = false;
    /// How long to wait for another process to close the directory.
    std::chrono::milliseconds lock_wait{0};
  };

  /// Opens a directory, and removes what tenants left in it that are no more. Errors: `not_found`
  /// (without `create`), `unavailable` (the disk refuses, or the directory is in use: then with
  /// the member `process`), `bad_request` and `internal` as of `read_catalogue`.
  static Result<std::unique_ptr<Node>> open(Options options);
  /// Makes `options.directory`, which must be empty or not there, an edge's: with one tenant that
  /// begins empty. Errors: `bad_request` (there is a node in it, or something else; the tenant's
  /// id), `unavailable`.
  static Result<void> init_edge(Options options, EdgeHome home, std::uint64_t now_us);
  ~Node() override;

  const std::string& directory() const noexcept;
  const std::optional<EdgeHome>& edge() const noexcept;
  Durability durability() const noexcept;  ///< that it was opened with
  /// Of all tenants whose journals are open.
  std::vector<TenantOpening> openings() const;
  /// Other tables for an edge, which its next exchange fetches and drops. Errors: `unavailable`,
  /// `bad_request` if this is no edge.
  Result<void> set_edge_tables(std::vector<std::string> tables);
  /// Another place for an edge's server, where its next exchange goes. Errors: as above.
  Result<void> set_edge_server(std::string url);
  /// Keeps what an edge's server said of its tenant's settings, under the server's version.
  /// Errors: `unavailable`, `bad_request` if this is no edge.
  Result<void> keep_settings(const TenantSettings& settings);

  Result<std::vector<StoredTenant>> load() override;
  Result<TenantJournal> create_journal(std::string_view id) override;
  Result<TenantJournal> open_journal(const StoredTenant& tenant) override;
  Result<void> save(const StoredTenant& tenant) override;
  Result<void> remove(std::string_view id) override;

 private:
  struct Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
