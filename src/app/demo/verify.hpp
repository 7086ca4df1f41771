// Whether all nodes of the demo agree, and whether what was planned came to pass.
#pragma once

#include <vector>

#include "app/api_client.hpp"
#include "app/demo/collisions.hpp"
#include "app/demo/result.hpp"
#include "app/demo/scenario.hpp"

namespace syncline::app {

/// Collects checksums and conflict reports of all nodes into `result` and checks them.
/// Errors: those of asking the cloud. What does not hold is in the result, not an error.
Result<void> verify(Scenario& scenario, ApiClient& api, const std::vector<Collision>& plan,
                    DemoResult& result);

}  // namespace syncline::app
