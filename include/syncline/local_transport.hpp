// The server's API without a server: requests answered in the same process.
#pragma once

#include <memory>

#include "syncline/tenant.hpp"
#include "syncline/transport.hpp"

namespace syncline {

/// Answers every request as a server over these tenants would, plans enforced, as if over one
/// connection. A request that may wait for something to happen is answered at once with what there
/// is. `tenants` and the clock (null: the system's) have to outlive it.
std::unique_ptr<Transport> make_local_transport(TenantManager& tenants, Clock* clock = nullptr);

}  // namespace syncline
