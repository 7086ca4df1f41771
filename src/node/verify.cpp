#include <algorithm>

#include "node/catalogue.hpp"
#include "node/directory.hpp"
#include "node/replay_journal.hpp"
#include "syncline/node_tools.hpp"

namespace syncline {
namespace {

Result<TenantContents> contents_of(FileSystem& files, const TenantSurvey& survey) {
  Replica::Options options;
  options.tenant = survey.tenant.id;
  options.policies = survey.tenant.settings.policies;
  options.journal = std::make_shared<node::ReplayJournal>(files, survey.path);
  const auto replica = Replica::open(std::move(options));
  if (!replica) return replica.error();
  TenantContents contents;
  contents.node = (*replica)->node();
  contents.changes = (*replica)->statistics().changes;
  const VisibleChecksum visible = (*replica)->visible_checksum();
  contents.rows = visible.rows;
  contents.visible_hash = visible.hash;
  contents.conflicts = (*replica)->conflict_statistics().total;
  return contents;
}

TenantSurvey survey_tenant(FileSystem& files, const std::string& directory,
                           const StoredTenant& tenant, bool with_contents) {
  TenantSurvey survey;
  survey.tenant = tenant;
  survey.path = node::tenant_path(directory, tenant.directory);
  auto journal = survey_journal(files, survey.path);
  if (!journal) {
    survey.error = journal.error();
    return survey;
  }
  survey.journal = std::move(*journal);
  if (!with_contents || !survey.whole()) return survey;
  auto contents = contents_of(files, survey);
  if (contents) {
    survey.contents = *contents;
  } else {
    survey.error = contents.error();
  }
  return survey;
}

}  // namespace

bool TenantSurvey::whole() const noexcept {
  return !error && std::all_of(journal.damages.begin(), journal.damages.end(),
                               [](const JournalDamage& damage) { return damage.torn_tail; });
}

bool NodeSurvey::whole() const noexcept {
  return !copy_error && std::all_of(tenants.begin(), tenants.end(),
                                    [](const TenantSurvey& tenant) { return tenant.whole(); });
}

Result<NodeSurvey> verify_node(FileSystem& files, const std::string& directory) {
  NodeSurvey survey;
  auto catalogue = read_catalogue(files, directory);
  if (!catalogue) return catalogue.error();
  // Where it cannot be locked for another reason (a disk for reading only) nobody else writes
  // either.
  const auto lock = node::lock_directory(files, directory, std::chrono::milliseconds(0));
  if (!lock) {
    for (const ErrorMember& member : lock.error().members) {
      if (member.name == "process") survey.used_by = lock.error().number("process");
    }
  }
  // Read again under the lock. While another process has it, the two files may differ for a moment.
  if (lock) catalogue = read_catalogue(files, directory);
  if (!catalogue) return catalogue.error();
  survey.catalogue = std::move(*catalogue);
  const auto copy =
      node::read_catalogue_file(files, join_path(directory, node::catalogue_copy_name));
  if (!copy) {
    survey.copy_error = copy.error();
  } else if (!survey.used_by &&
             node::encode_catalogue(*copy) != node::encode_catalogue(survey.catalogue)) {
    survey.copy_error =
        Error{ErrorCode::internal, "the catalogue's copy " +
                                       join_path(directory, node::catalogue_copy_name) +
                                       " is not like the catalogue"};
  }
  for (const StoredTenant& tenant : survey.catalogue.tenants) {
    survey.tenants.push_back(survey_tenant(files, directory, tenant, !survey.used_by));
  }
  return survey;
}

}  // namespace syncline
