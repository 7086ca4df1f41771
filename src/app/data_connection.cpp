#include "app/data_connection.hpp"

#include <utility>

#include "syncline/local_transport.hpp"

namespace syncline::app {

Error with_advice(Error error, const std::string& directory) {
  if (error.code == ErrorCode::internal) {
    error.detail += "; 'syncline verify " + directory +
                    "' shows what is damaged, 'syncline repair " + directory +
                    "' says whether it can make it usable again";
  } else if (error.code == ErrorCode::not_found) {
    error.detail += "; 'syncline edge init " + directory +
                    "' makes an edge's, 'syncline serve "
                    "--data " +
                    directory + "' a server's";
  }
  return error;
}

Result<OpenDirectory> OpenDirectory::open(Node::Options options) {
  const std::string directory = options.directory;
  auto node = Node::open(std::move(options));
  if (!node) return with_advice(node.error(), directory);
  TenantManager::Options tenant_options;
  tenant_options.store = node->get();
  auto tenants = TenantManager::open(tenant_options);
  if (!tenants) return with_advice(tenants.error(), directory);
  return OpenDirectory{std::move(*node), std::move(*tenants)};
}

DataConnection::DataConnection(OpenDirectory directory)
    : directory_(std::move(directory)), api_(make_local_transport(*directory_.tenants)) {}

Result<std::unique_ptr<Transport>> DataConnection::open(ClientOptions& options) {
  Node::Options node_options;
  node_options.directory = options.data;
  node_options.create = false;
  node_options.lock_wait = directory_wait;
  auto opened = OpenDirectory::open(std::move(node_options));
  if (!opened) return opened.error();
  if (const auto& edge = opened->node->edge(); edge && !options.tenant_named) {
    options.tenant = edge->tenant;
  }
  return std::unique_ptr<Transport>(new DataConnection(std::move(*opened)));
}

}  // namespace syncline::app
