// What people write on the command line and in files that are imported. The first byte says what
// the rest is.
#include <array>

#include <nlohmann/json.hpp>

#include "app/import_line.hpp"
#include "app/json_text.hpp"
#include "app/listen_address.hpp"
#include "app/suggest.hpp"
#include "app/text_width.hpp"
#include "app/value_check.hpp"
#include "changelog/codec/text_check.hpp"
#include "http/url.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "syncline/change_json.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

void check_addresses(std::string_view text) {
  const auto address = app::parse_listen_address(text);
  if (address) {
    FUZZ_CHECK(!address->address.empty());
    const bool v6 = address->address.find(':') != std::string::npos;
    const std::string written = (v6 ? '[' + address->address + ']' : address->address) + ':' +
                                std::to_string(address->port);
    const auto again = app::parse_listen_address(written);
    FUZZ_CHECK(again.has_value() && *again == *address);
  } else {
    check_echo(address.error(), text);
  }
  const auto url = http::parse_server_url(text);
  if (url) {
    FUZZ_CHECK(!url->host.empty() && !url->prefix.ends_with('/'));
    const auto again = http::parse_server_url("http://" + url->authority + url->prefix);
    FUZZ_CHECK(again.has_value() && again->host == url->host && again->port == url->port);
    FUZZ_CHECK(again->prefix == url->prefix);
  } else {
    check_echo(url.error(), text);
  }
  const app::InitialTenant tenant = app::parse_initial_tenant(text);
  FUZZ_CHECK(text.starts_with(tenant.id));
}

void check_import(std::string_view text) {
  const auto line = app::parse_import_line(text);
  if (!line) {
    check_error(line.error());
    FUZZ_CHECK(line.error().code == ErrorCode::invalid_change);
    return;
  }
  FUZZ_CHECK(app::is_json(line->text));
  if (line->kind == app::ImportLine::Kind::change) {
    FUZZ_CHECK(change_from_json(line->text).has_value());
    return;
  }
  // What is sent for a row says the same as the line, and can be exported to a line again.
  const auto given = app::parse_json(text);
  const auto sent = app::parse_json(line->text);
  for (const char* name : {"table", "row_id"}) FUZZ_CHECK(sent[name] == given[name]);
  const std::string exported = app::row_line(given["table"].get<std::string>(),
                                             given["row_id"].get<std::string>(), line->text);
  const auto again = app::parse_import_line(exported);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(app::parse_json(again->text) == sent);
}

void check_output(std::string_view text) {
  const std::string shown = app::printable(text);
  FUZZ_CHECK(codec::is_utf8(shown));
  for (const char c : shown) FUZZ_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  const std::size_t width = app::text_width(shown);
  for (const std::size_t columns : {std::size_t{1}, std::size_t{7}, width, width + 1}) {
    const std::string cut = app::cut_to_width(shown, columns);
    FUZZ_CHECK(codec::is_utf8(cut) && app::text_width(cut) <= columns);
    if (columns >= width) FUZZ_CHECK(cut == shown);
  }
}

void check_values(std::string_view text) {
  const app::NumberRange range{.from = 3, .to = 1000};
  const auto number = app::parse_number(text, range);
  if (number) FUZZ_CHECK(*number >= range.from && *number <= range.to);
  FUZZ_CHECK(app::number_fault(text, range).empty() == number.has_value());
  app::table_fault(text);
  app::row_id_fault(text);
  app::table_policy_fault(text);
  const std::vector<std::string> choices{"open", "resolved", "convergent"};
  const bool known = app::choice_fault(std::string(text), choices).empty();
  FUZZ_CHECK(known == (text == "open" || text == "resolved" || text == "convergent"));
  if (text.size() < 64) {
    FUZZ_CHECK(app::edit_distance(text, "resolved") == app::edit_distance("resolved", text));
    FUZZ_CHECK(app::edit_distance(text, text) == 0);
  }
}

constexpr std::array checks{check_addresses, check_import, check_output, check_values};

}  // namespace

void words(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t selector = input.byte();
  const ExactCopy copy(input.rest());
  checks[selector % checks.size()](copy.text());
}

}  // namespace syncline::fuzz
