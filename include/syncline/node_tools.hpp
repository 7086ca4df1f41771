// What is done with data directories beside opening them: checking, copying, repairing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "syncline/node.hpp"

namespace syncline {

/// What a tenant's replica has in it.
struct TenantContents {
  NodeId node;
  std::uint64_t changes = 0;
  std::uint64_t rows = 0;  ///< visible ones
  std::uint64_t conflicts = 0;
  std::uint64_t visible_hash = 0;  ///< see `Replica::visible_checksum`
};

/// What checking one tenant found.
struct TenantSurvey {
  StoredTenant tenant;
  std::string path;       ///< of its journal
  JournalSurvey journal;  ///< as far as it could be read
  /// Why it could not be read at all, or why no replica can be made of what was read.
  std::optional<Error> error;
  /// nullopt: no replica was made, for the directory is in use or there is damage.
  std::optional<TenantContents> contents;

  /// Without damage; a torn tail is none.
  bool whole() const noexcept;
};

/// What checking a node's directory found.
struct NodeSurvey {
  NodeCatalogue catalogue;
  /// Why the catalogue's copy is no good, which costs nothing as long as the catalogue is.
  std::optional<Error> copy_error;
  /// The directory is in use by this process; 0 if it is not known which. nullopt: it is not.
  std::optional<std::uint64_t> used_by;
  std::vector<TenantSurvey> tenants;

  bool whole() const noexcept;
};

/// Reads every byte of the catalogue and of every journal, changing nothing, and makes each
/// tenant's replica in memory unless the directory is in use. Errors: those of `read_catalogue`.
Result<NodeSurvey> verify_node(FileSystem& files, const std::string& directory);

/// What a backup has in it.
struct NodeBackup {
  std::uint64_t tenants = 0;
  std::uint64_t bytes = 0;  ///< of the journals
};

/// Copies a node, which may be in use, to the directory `target`, which must not be there yet: the
/// catalogue, and of each tenant everything that was acknowledged when the call began. A node that
/// is opened there finds out that it is a copy. It is called `target` + ".partial" until it is
/// whole, and removed on an error.
/// Errors: those of `read_catalogue` and `copy_journal`; `bad_request` if `target` is there.
Result<NodeBackup> backup_node(FileSystem& files, const std::string& directory,
                               const std::string& target);

/// What a repair did to one tenant.
struct TenantRepair {
  std::string id;
  JournalRepair journal;
  /// Why it is as damaged as before.
  std::optional<Error> error;
};

/// What a repair did. Empty if there was nothing to do.
struct NodeRepair {
  /// The catalogue was damaged or missing, and was taken from its copy.
  bool catalogue_from_copy = false;
  /// The copy was no good either: the catalogue was made anew from the names of the directories, as
  /// a server's, with every tenant on plan unlimited with default settings.
  bool catalogue_from_names = false;
  std::string catalogue_set_aside;  ///< where the damaged catalogue is now; empty if it was missing
  std::vector<TenantRepair> tenants;  ///< those that were damaged
};

/// Makes a damaged directory one that opens, and loses as little as can be: see `repair_journal`.
/// Errors: `unavailable` (in use, or the disk refuses), `bad_request` (a newer format, or a
/// directory of something else), `not_found`.
Result<NodeRepair> repair_node(FileSystem& files, const std::string& directory);

}  // namespace syncline
