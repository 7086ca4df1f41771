// Targets, queries and headers of requests. The first byte says what the rest is.
#include <algorithm>
#include <array>

#include "api/header_list.hpp"
#include "api/media.hpp"
#include "api/query.hpp"
#include "api/routes.hpp"
#include "api/row_body.hpp"
#include "http/content_coding.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "sync/http_messages.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

void check_tags(std::string_view value) {
  HttpRequest request;
  request.headers["If-Match"] = value;
  const api::TagCondition condition = api::read_tags(request, "If-Match");
  FUZZ_CHECK(condition.given == !api::trimmed(value).empty());
  std::string rewritten;
  for (const std::string& tag : condition.tags) {
    FUZZ_CHECK(condition.names(tag) && condition.names_strongly(tag));
    rewritten += (rewritten.empty() ? "" : ", ") + api::entity_tag(tag);
  }
  for (const std::string& tag : condition.weak_tags) {
    FUZZ_CHECK(condition.names(tag));
    rewritten += (rewritten.empty() ? "" : ", ") + ("W/" + api::entity_tag(tag));
  }
  const auto has_quote = [](const std::string& tag) { return tag.find('"') != std::string::npos; };
  if (std::any_of(condition.tags.begin(), condition.tags.end(), has_quote)) return;
  if (std::any_of(condition.weak_tags.begin(), condition.weak_tags.end(), has_quote)) return;
  request.headers["If-Match"] = rewritten;
  const api::TagCondition again = api::read_tags(request, "If-Match");
  FUZZ_CHECK(again.tags == condition.tags && again.weak_tags == condition.weak_tags);
}

void check_lists(std::string_view value) {
  bool refuses_gzip = false;
  std::size_t named_gzip = 0;
  for (const api::WeightedName& element : api::weighted_list(value)) {
    FUZZ_CHECK(!element.name.empty() && api::lower_case(element.name) == element.name);
    FUZZ_CHECK(element.thousandths >= 0 && element.thousandths <= 1000);
    if (element.name == "gzip" || element.name == "x-gzip") {
      ++named_gzip;
      refuses_gzip = element.thousandths == 0;
    }
  }
  for (const std::size_t size : {std::size_t{10}, std::size_t{10'000}}) {
    const http::ContentCoding coding = http::choose_coding(value, size);
    FUZZ_CHECK(http::coding_from_header(to_string(coding)) == coding);
    if (named_gzip == 1 && refuses_gzip) FUZZ_CHECK(coding != http::ContentCoding::gzip);
  }
  http::coding_from_header(value);
  HttpRequest request;
  request.headers["Accept"] = value;
  request.headers["Content-Type"] = value;
  request.headers["Content-Encoding"] = value;
  if (const auto format = api::accepted_format(request); !format) check_echo(format.error(), value);
  api::content_type(request);
  if (const auto plain = api::check_content_encoding(request); !plain)
    check_echo(plain.error(), value);
}

void check_escapes(std::string_view text) {
  FUZZ_CHECK(api::percent_decode(percent_encode(text), false) == text);
  FUZZ_CHECK(api::percent_decode(percent_encode(text), true) == text);
  const auto decoded = api::percent_decode(text, false);
  if (decoded) FUZZ_CHECK(decoded->size() <= text.size());
}

void check_query(std::string_view text) {
  // What names and values say is repeated, with and without escapes.
  const std::string plain = std::string(text) + api::percent_decode(text, true).value_or("\xFF");
  auto query = api::Query::parse(text);
  if (!query) {
    check_echo(query.error(), plain);
    return;
  }
  const auto note = [&plain](const auto& result) {
    if (!result) check_echo(result.error(), plain);
  };
  note(query->text("a"));
  const auto number = query->number("n", 5, 1, 10);
  note(number);
  if (number) FUZZ_CHECK(*number >= 1 && *number <= 10);
  const auto list = query->list("tables");
  note(list);
  if (list) {
    const auto is_empty = [](const std::string& item) { return item.empty(); };
    FUZZ_CHECK(std::none_of(list->begin(), list->end(), is_empty));
  }
  note(query->payload());
  note(query->finish());
}

void check_target(std::string_view text) {
  const std::string_view target = api::origin_form(text);
  FUZZ_CHECK(text.ends_with(target));
  const std::string_view path = target.substr(0, target.find('?'));
  for (const std::string_view method : {"GET", "PUT", "POST", "DELETE", "PATCH"}) {
    const auto match = api::match_route(method, path);
    if (!match) {
      check_error(match.error());
    } else if (match->route != nullptr) {
      FUZZ_CHECK(match->route->method == method);
      FUZZ_CHECK(match->allowed.find(method) != std::string::npos);
    }
  }
}

constexpr std::array checks{check_tags, check_lists, check_escapes, check_query, check_target};

}  // namespace

void headers(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t selector = input.byte();
  const ExactCopy copy(input.rest());
  checks[selector % checks.size()](copy.text());
}

}  // namespace syncline::fuzz
