// What all commands need to print: members of answers, payloads, usage errors.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "app/command.hpp"
#include "app/table.hpp"

namespace syncline::app {

/// The member as text: strings as they are, numbers and flags as in JSON, "" if null or absent.
std::string text_of(const nlohmann::json& object, std::string_view name);
/// The member as a number; 0 if absent or something else.
std::uint64_t number_of(const nlohmann::json& object, std::string_view name);
/// The member, or null if `object` is no object or has no such member.
const nlohmann::json& member_of(const nlohmann::json& object, std::string_view name);

/// One JSON document on a line of its own.
void print_json(Session& session, std::string_view text);
/// The texts as an array in an object: {"name": […], "next": …}.
void print_json_list(Session& session, std::string_view name, const std::vector<std::string>& texts,
                     std::string_view next);
/// The table in the terminal's width.
void print_table(Session& session, const Table& table);
/// Prints what is wrong with the command's words.
ExitCode wrong_usage(Session& session, std::string_view message);

/// The payload of a row or change in JSON form in one line: `data`, or what stands in its place.
std::string payload_line(std::string_view object_text);
/// "table/row" of a change, harmless to a terminal.
std::string row_name(const nlohmann::json& change);
/// An id cut to what tells a handful of nodes apart: "6f1d2c3b".
std::string short_id(std::string_view uuid);
/// A hybrid time or RFC 3339 time without what a table has no room for: "2026-11-20 12:00:00.123".
std::string short_time(std::string_view time);

/// All of standard input or of a file ("-": standard input). Errors: `not_found`.
Result<std::string> read_whole(Session& session, const std::string& path);

}  // namespace syncline::app
