// One fuzz target for each thing that is read from outside. See README.md for what each takes.
#pragma once

#include <array>
#include <string_view>

#include "support/input.hpp"

namespace syncline::fuzz {

/// A target looks at one input and ends the process if something about it is not as it should be.
/// Inputs are independent of one another.
using Target = void(Bytes bytes);

Target api;
Target body;
Target catalogue;
Target change_json;
Target checkpoint;
Target content_coding;
Target cursor;
Target headers;
Target journal;
Target json_text;
Target live_client;
Target live_frame;
Target live_session;
Target manifest;
Target messages;
Target properties;
Target record;
Target restore;
Target sync_client;
Target values;
Target words;

/// Has a planted fault: see canary.cpp. Not in the table.
Target canary;

struct NamedTarget {
  std::string_view name;
  Target* run;
};

inline constexpr std::array targets{
    NamedTarget{"api", api},
    NamedTarget{"body", body},
    NamedTarget{"catalogue", catalogue},
    NamedTarget{"change_json", change_json},
    NamedTarget{"checkpoint", checkpoint},
    NamedTarget{"content_coding", content_coding},
    NamedTarget{"cursor", cursor},
    NamedTarget{"headers", headers},
    NamedTarget{"journal", journal},
    NamedTarget{"json_text", json_text},
    NamedTarget{"live_client", live_client},
    NamedTarget{"live_frame", live_frame},
    NamedTarget{"live_session", live_session},
    NamedTarget{"manifest", manifest},
    NamedTarget{"messages", messages},
    NamedTarget{"properties", properties},
    NamedTarget{"record", record},
    NamedTarget{"restore", restore},
    NamedTarget{"sync_client", sync_client},
    NamedTarget{"values", values},
    NamedTarget{"words", words},
};

}  // namespace syncline::fuzz
