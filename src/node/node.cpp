#include "syncline/node.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "node/catalogue.hpp"
#include "node/directory.hpp"
#include "node/open_journal.hpp"

namespace syncline {

using node::OpenJournal;

struct Node::Impl {
  Options options;
  std::shared_ptr<node::Shared> shared;
  std::shared_ptr<JournalFlusher> flusher;
  NodeCatalogue catalogue;
  /// By the tenants' ids. Those that nobody holds any more are left in until the next of the id.
  std::map<std::string, std::weak_ptr<OpenJournal>, std::less<>> journals;
  mutable std::mutex mutex;

  FileSystem& files() const { return *shared->files; }
  StoredTenant* find(std::string_view id) {
    const auto found = std::find_if(catalogue.tenants.begin(), catalogue.tenants.end(),
                                    [id](const StoredTenant& tenant) { return tenant.id == id; });
    return found == catalogue.tenants.end() ? nullptr : &*found;
  }
  /// Takes `next` for the catalogue once it is on the disk.
  Result<void> replace(NodeCatalogue next);
  Result<void> begin();
  void mend_copy();
  Result<void> remove_orphans();
  Result<TenantJournal> open(std::string_view id, const std::string& tenant_directory,
                             bool restored);
};

namespace {

Error edge_is_fixed(const EdgeHome& home) {
  return {ErrorCode::bad_request, "this is an edge's directory: it has the tenant \"" +
                                      home.tenant + "\" as its server " + home.server +
                                      " has set it, and that is where to change it"};
}

}  // namespace

Result<NodeCatalogue> read_catalogue(FileSystem& files, const std::string& directory) {
  const std::string path = join_path(directory, node::catalogue_name);
  if (!files.exists(path)) {
    if (!files.exists(directory)) {
      return Error{ErrorCode::not_found, "there is no directory " + directory};
    }
    if (auto unused = node::check_unused(files, directory); !unused) return unused.error();
    return Error{ErrorCode::not_found, "there is no node's data in " + directory};
  }
  return node::read_catalogue_file(files, path);
}

Result<void> Node::Impl::replace(NodeCatalogue next) {
  auto written = node::write_catalogue(files(), shared->directory, next, &catalogue);
  if (written) catalogue = std::move(next);
  return written;
}

// Reads the catalogue, or begins one where nothing is.
Result<void> Node::Impl::begin() {
  auto present = read_catalogue(files(), shared->directory);
  if (present) {
    catalogue = std::move(*present);
    mend_copy();
    return {};
  }
  if (present.error().code != ErrorCode::not_found || !options.create) return present.error();
  return node::write_catalogue(files(), shared->directory, catalogue, nullptr);
}

// A process that ended between writing the two left a copy that is not like the catalogue. If it
// cannot be made good now, on a full disk, it costs nothing as long as the catalogue is whole.
void Node::Impl::mend_copy() {
  const std::string path = join_path(shared->directory, node::catalogue_copy_name);
  const auto copy = node::read_catalogue_file(files(), path);
  const std::string bytes = node::encode_catalogue(catalogue);
  const bool newer = !copy && copy.error().code == ErrorCode::bad_request;
  if (newer || (copy && node::encode_catalogue(*copy) == bytes)) return;
  static_cast<void>(replace_file(files(), path, bytes));
}

// Directories of tenants that were being created or removed when the process ended.
Result<void> Node::Impl::remove_orphans() {
  const std::string tenants = join_path(shared->directory, node::tenants_name);
  if (auto made = node::make_directory(files(), tenants); !made) return made;
  std::set<std::string_view> known;
  for (const StoredTenant& tenant : catalogue.tenants) known.insert(tenant.directory);
  const auto entries = files().list(tenants);
  if (!entries) return entries.error();
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory || known.contains(entry.name)) continue;
    if (auto removed = files().remove_all(join_path(tenants, entry.name)); !removed) {
      return removed;
    }
  }
  return {};
}

Result<std::unique_ptr<Node>> Node::open(Options options) {
  if (options.files == nullptr) options.files = &system_files();
  FileSystem& files = *options.files;
  const std::string directory = options.directory;
  // Before anything is made or locked: what is somebody else's stays without a trace of us.
  if (auto present = read_catalogue(files, directory); !present) {
    if (present.error().code != ErrorCode::not_found || !options.create) return present.error();
  }
  if (options.create) {
    if (auto made = node::make_directory(files, directory); !made) return made.error();
  }
  auto lock = node::lock_directory(files, directory, options.lock_wait);
  if (!lock) return lock.error();

  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->shared = std::make_shared<node::Shared>();
  impl->shared->files = &files;
  impl->shared->directory = directory;
  impl->shared->lock = std::move(*lock);
  impl->flusher = std::make_shared<FlusherThread>();
  if (auto begun = impl->begin(); !begun) return begun.error();
  if (auto removed = impl->remove_orphans(); !removed) return removed.error();
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Node::~Node() = default;

Result<void> Node::init_edge(Options options, EdgeHome home, std::uint64_t now_us) {
  if (auto valid = validate_tenant_id(home.tenant); !valid) return valid;
  options.create = true;
  FileSystem& files = options.files == nullptr ? system_files() : *options.files;
  // A server's that never had a tenant may be an edge's that was interrupted here.
  const auto present = read_catalogue(files, options.directory);
  if (present && (present->edge || present->next_number != 1 || !present->tenants.empty())) {
    return Error{ErrorCode::bad_request,
                 "there is a node's data in " + options.directory + " already, of " +
                     (present->edge ? "an edge" : "a server") + "; choose another directory"};
  }
  auto opened = open(std::move(options));
  if (!opened) return opened.error();
  Node& edge = **opened;
  StoredTenant tenant;
  tenant.id = home.tenant;
  tenant.created_at_us = now_us;
  tenant.settings.home.reset();  // until its server has told
  const auto plans = built_in_plans();
  tenant.plan = *std::find_if(plans.begin(), plans.end(),
                              [](const Plan& plan) { return plan.name == "unlimited"; });
  auto journal = edge.create_journal(tenant.id);
  if (!journal) return journal.error();
  tenant.directory = journal->directory;
  // The replica gives the journal its identity.
  Replica::Options replica_options;
  replica_options.tenant = tenant.id;
  replica_options.journal = journal->journal;
  const auto replica = Replica::open(std::move(replica_options));
  if (!replica) return replica.error();
  if (auto flushed = journal->journal->flush(); !flushed) return flushed;

  const std::lock_guard lock(edge.impl_->mutex);
  NodeCatalogue next = edge.impl_->catalogue;
  next.edge = std::move(home);
  next.tenants.push_back(std::move(tenant));
  return edge.impl_->replace(std::move(next));
}

const std::string& Node::directory() const noexcept { return impl_->shared->directory; }

const std::optional<EdgeHome>& Node::edge() const noexcept { return impl_->catalogue.edge; }

Durability Node::durability() const noexcept { return impl_->options.durability; }

std::vector<TenantOpening> Node::openings() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<TenantOpening> openings;
  for (const auto& [id, weak] : impl_->journals) {
    if (const auto open = weak.lock()) {
      openings.push_back({id, open->journal->opening(), open->identity_changed});
    }
  }
  return openings;
}

Result<void> Node::set_edge_tables(std::vector<std::string> tables) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->catalogue.edge) {
    return Error{ErrorCode::bad_request, "only an edge holds some of its server's tables"};
  }
  if (impl_->catalogue.edge->tables == tables) return {};
  NodeCatalogue next = impl_->catalogue;
  next.edge->tables = std::move(tables);
  return impl_->replace(std::move(next));
}

Result<void> Node::set_edge_server(std::string url) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->catalogue.edge) {
    return Error{ErrorCode::bad_request, "only an edge has a server to exchange with"};
  }
  if (impl_->catalogue.edge->server == url) return {};
  NodeCatalogue next = impl_->catalogue;
  next.edge->server = std::move(url);
  return impl_->replace(std::move(next));
}

Result<void> Node::keep_settings(const TenantSettings& settings) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->catalogue.edge || impl_->catalogue.tenants.size() != 1) {
    return Error{ErrorCode::bad_request, "only an edge takes its tenant's settings from a server"};
  }
  const TenantSettings& present = impl_->catalogue.tenants.front().settings;
  if (present == settings) return {};
  NodeCatalogue next = impl_->catalogue;
  next.tenants.front().settings = settings;
  return impl_->replace(std::move(next));
}

Result<std::vector<StoredTenant>> Node::load() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->catalogue.tenants;
}

Result<TenantJournal> Node::Impl::open(std::string_view id, const std::string& tenant_directory,
                                       bool restored) {
  auto open = std::make_shared<OpenJournal>();
  open->shared = shared;
  open->path = node::tenant_path(shared->directory, tenant_directory);
  FileJournal::Options journal_options;
  journal_options.directory = open->path;
  journal_options.files = shared->files;
  journal_options.durability = options.durability;
  journal_options.interval = options.interval;
  journal_options.segment_bytes = options.segment_bytes;
  journal_options.compress_closed = options.compress_closed;
  journal_options.flusher = flusher;
  journal_options.lock_directory = false;
  auto journal = FileJournal::open(std::move(journal_options));
  if (!journal) return journal.error();
  open->journal = std::move(*journal);
  open->identity_changed = restored || open->journal->is_copy();
  journals.insert_or_assign(std::string(id), open);
  // The pointer is the journal's, what it keeps alive is all of `open`.
  Journal* const pointer = open->journal.get();
  return TenantJournal{tenant_directory, std::shared_ptr<Journal>(std::move(open), pointer),
                       restored};
}

Result<TenantJournal> Node::create_journal(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->catalogue.edge) return edge_is_fixed(*impl_->catalogue.edge);
  // Counted here, so that the next attempt takes another directory if this one fails; the catalogue
  // has the number once the tenant is saved, and until then the directory is nobody's.
  const std::string name = node::tenant_directory(id, impl_->catalogue.next_number++);
  const std::string path = node::tenant_path(impl_->shared->directory, name);
  if (auto made = node::make_directory(impl_->files(), path); !made) return made.error();
  return impl_->open(id, name, false);
}

Result<TenantJournal> Node::open_journal(const StoredTenant& tenant) {
  const std::lock_guard lock(impl_->mutex);
  const std::string path = node::tenant_path(impl_->shared->directory, tenant.directory);
  const auto entries = impl_->files().list(path);
  if (entries && !entries->empty()) {
    return impl_->open(tenant.id, tenant.directory, impl_->options.restored);
  }
  if (!entries && entries.error().code != ErrorCode::not_found) return entries.error();
  // Beginning anew here would pass for a tenant without data.
  return Error{ErrorCode::internal, "its data are missing: there is nothing in " + path +
                                        "; bring it back from a backup, nothing was changed"};
}

Result<void> Node::save(const StoredTenant& tenant) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->catalogue.edge) return edge_is_fixed(*impl_->catalogue.edge);
  NodeCatalogue next = impl_->catalogue;
  const auto found = std::find_if(next.tenants.begin(), next.tenants.end(),
                                  [&](const StoredTenant& each) { return each.id == tenant.id; });
  if (found == next.tenants.end()) {
    next.tenants.push_back(tenant);
  } else {
    *found = tenant;
  }
  return impl_->replace(std::move(next));
}

Result<void> Node::remove(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->catalogue.edge) return edge_is_fixed(*impl_->catalogue.edge);
  const StoredTenant* const tenant = impl_->find(id);
  if (tenant == nullptr) return {};
  const std::string path = node::tenant_path(impl_->shared->directory, tenant->directory);
  NodeCatalogue next = impl_->catalogue;
  std::erase_if(next.tenants, [id](const StoredTenant& each) { return each.id == id; });
  if (auto replaced = impl_->replace(std::move(next)); !replaced) return replaced;
  const auto open = impl_->journals.find(id);
  if (open != impl_->journals.end()) {
    if (const auto journal = open->second.lock()) {
      journal->removed = true;  // its files go with the last who uses them
      impl_->journals.erase(open);
      return {};
    }
    impl_->journals.erase(open);
  }
  // If this fails, the next opening of the node does it.
  static_cast<void>(impl_->files().remove_all(path));
  return {};
}

}  // namespace syncline
