#include <algorithm>
#include <charconv>
#include <map>

#include "node/catalogue.hpp"
#include "node/directory.hpp"
#include "syncline/node_tools.hpp"

namespace syncline {
namespace {

// The number in "<id>.<number>"; 0 if the name is none of ours.
std::uint64_t number_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || !validate_tenant_id(name.substr(0, dot))) return 0;
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(name.data() + dot + 1, name.data() + name.size(), number);
  return error == std::errc{} && end == name.data() + name.size() ? number : 0;
}

// What can be told without a catalogue: of each tenant the directory that came last.
Result<NodeCatalogue> catalogue_from_names(FileSystem& files, const std::string& directory) {
  const auto entries = files.list(join_path(directory, node::tenants_name));
  if (!entries) return entries.error();
  const auto plans = built_in_plans();
  NodeCatalogue catalogue;
  std::map<std::string, std::uint64_t> numbers;
  for (const DirectoryEntry& entry : *entries) {
    const std::uint64_t number = number_of(entry.name);
    if (!entry.is_directory || number == 0) continue;
    std::uint64_t& last = numbers[entry.name.substr(0, entry.name.rfind('.'))];
    last = std::max(last, number);
    catalogue.next_number = std::max(catalogue.next_number, number + 1);
  }
  for (const auto& [id, number] : numbers) {
    StoredTenant& tenant = catalogue.tenants.emplace_back();
    tenant.id = id;
    tenant.directory = node::tenant_directory(id, number);
    tenant.plan = *std::find_if(plans.begin(), plans.end(),
                                [](const Plan& plan) { return plan.name == "unlimited"; });
  }
  return catalogue;
}

// A name that is not taken: "damaged-NODE", "damaged-NODE.2", …
std::string free_name(FileSystem& files, const std::string& directory) {
  const std::string name = join_path(directory, node::set_aside_name);
  if (!files.exists(name)) return name;
  std::uint64_t number = 2;
  while (files.exists(name + '.' + std::to_string(number))) ++number;
  return name + '.' + std::to_string(number);
}

Result<NodeCatalogue> repair_catalogue(FileSystem& files, const std::string& directory,
                                       NodeRepair& repair) {
  auto catalogue =
      node::read_catalogue_file(files, join_path(directory, node::catalogue_copy_name));
  repair.catalogue_from_copy = catalogue.has_value();
  if (!catalogue) {
    if (catalogue.error().code == ErrorCode::bad_request) return catalogue;
    catalogue = catalogue_from_names(files, directory);
    if (!catalogue) return catalogue;
    repair.catalogue_from_names = true;
  }
  const std::string path = join_path(directory, node::catalogue_name);
  if (files.exists(path)) {
    repair.catalogue_set_aside = free_name(files, directory);
    if (auto moved = files.rename(path, repair.catalogue_set_aside); !moved) return moved.error();
  }
  const auto kept = node::write_catalogue(files, directory, *catalogue, nullptr);
  if (!kept) return kept.error();
  return catalogue;
}

bool is_damaged(const JournalSurvey& survey) {
  return std::any_of(survey.damages.begin(), survey.damages.end(),
                     [](const JournalDamage& damage) { return !damage.torn_tail; });
}

std::optional<TenantRepair> repair_tenant(FileSystem& files, const std::string& directory,
                                          const StoredTenant& tenant) {
  TenantRepair repair;
  repair.id = tenant.id;
  const std::string path = node::tenant_path(directory, tenant.directory);
  const auto survey = survey_journal(files, path);
  if (survey && !is_damaged(*survey)) return std::nullopt;
  if (!survey && survey.error().code != ErrorCode::internal) {
    repair.error = survey.error();
    return repair;
  }
  auto repaired = repair_journal(files, path);
  if (repaired) {
    repair.journal = std::move(*repaired);
  } else {
    repair.error = repaired.error();
  }
  return repair;
}

}  // namespace

Result<NodeRepair> repair_node(FileSystem& files, const std::string& directory) {
  auto catalogue = read_catalogue(files, directory);
  // Damage is what is repaired here; nothing else can be.
  if (!catalogue && catalogue.error().code != ErrorCode::internal) return catalogue.error();
  const auto lock = node::lock_directory(files, directory, std::chrono::milliseconds(0));
  if (!lock) return lock.error();
  NodeRepair repair;
  catalogue = read_catalogue(files, directory);
  if (!catalogue) {
    if (catalogue.error().code != ErrorCode::internal) return catalogue.error();
    catalogue = repair_catalogue(files, directory, repair);
    if (!catalogue) return catalogue.error();
  } else {
    const auto copy =
        node::read_catalogue_file(files, join_path(directory, node::catalogue_copy_name));
    if (!copy || node::encode_catalogue(*copy) != node::encode_catalogue(*catalogue)) {
      const auto kept = node::write_catalogue(files, directory, *catalogue, nullptr);
      if (!kept) return kept.error();
    }
  }
  for (const StoredTenant& tenant : catalogue->tenants) {
    if (auto repaired = repair_tenant(files, directory, tenant)) {
      repair.tenants.push_back(std::move(*repaired));
    }
  }
  return repair;
}

}  // namespace syncline
