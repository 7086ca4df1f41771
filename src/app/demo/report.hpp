// How the demo shows what it does and what it found.
#pragma once

#include <string>

#include "app/command.hpp"
#include "app/demo/result.hpp"

namespace syncline::app {

/// The titles over the steps.
std::string step_titles(std::size_t max_width);
/// One step as a line under the titles.
std::string step_line(const DemoStep& step, std::size_t max_width);
/// Everything after the steps: conflicts, the slow clock, checksums, checks.
std::string report_text(const DemoResult& result, std::size_t max_width);
/// Everything as one JSON object.
std::string report_json(const DemoResult& result);

}  // namespace syncline::app
