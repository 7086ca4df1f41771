#include "api/query.hpp"

#include <algorithm>
#include <charconv>

namespace syncline::api {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The part of `text` before `separator`, which is taken out together with it.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    decoded.push_back(c);
  }
  return decoded;
}

std::string_view origin_form(std::string_view target) {
  const std::size_t scheme_end = target.find("://");
  if (target.starts_with('/') || scheme_end == std::string_view::npos) return target;
  std::string scheme(target.substr(0, scheme_end));
  for (char& c : scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  if (scheme != "http" && scheme != "https") return target;
  target.remove_prefix(std::min(target.find_first_of("/?", scheme_end + 3), target.size()));
  return target;
}

Error bad_parameter(std::string_view name, std::string_view given, std::string_view right) {
  std::string detail = "The parameter \"";
  detail.append(name).append("\" is \"").append(given).append("\"; right is ").append(right);
  return Error(ErrorCode::bad_request, detail + ".").with("parameter", std::string(name));
}

Result<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    std::string_view raw = take_until(text, '&');
    if (raw.empty()) continue;
    const auto name = percent_decode(take_until(raw, '='), true);
    if (!name || !percent_decode(raw, true)) {
      return bad_parameter(name.value_or("?"), raw, "text with %XX for special characters");
    }
    query.parameters_.push_back({*name, std::string(raw)});
  }
  return query;
}

Result<std::optional<std::string>> Query::text(std::string_view name) {
  known_.emplace_back(name);
  std::optional<std::string> found;
  for (const Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    if (found) return bad_parameter(name, parameter.raw, "to give it once");
    found = percent_decode(parameter.raw, true);
  }
  return found;
}

Result<std::uint64_t> Query::number(std::string_view name, std::uint64_t fallback,
                                    std::uint64_t least, std::uint64_t greatest) {
  const auto given = text(name);
  if (!given) return given.error();
  if (!*given) return fallback;
  const std::string& digits = **given;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value < least ||
      value > greatest) {
    return bad_parameter(
        name, digits, "a number from " + std::to_string(least) + " to " + std::to_string(greatest));
  }
  return value;
}

Result<std::vector<std::string>> Query::list(std::string_view name) {
  known_.emplace_back(name);
  std::vector<std::string> values;
  for (const Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    std::string_view rest = parameter.raw;
    bool more = true;
    while (more) {
      more = rest.find(',') != std::string_view::npos;
      auto value = percent_decode(take_until(rest, ','), true);
      if (!value || value->empty()) {
        return bad_parameter(name, parameter.raw, "a list such as a,b with nothing empty in it");
      }
      values.push_back(std::move(*value));
    }
  }
  return values;
}

Result<JsonPayload> Query::payload() {
  const auto given = text("payload");
  if (!given) return given.error();
  if (!*given || **given == "text") return JsonPayload::text;
  if (**given == "base64") return JsonPayload::base64;
  return bad_parameter("payload", **given, "text or base64");
}

Result<void> Query::finish() const {
  for (const Parameter& parameter : parameters_) {
    if (std::find(known_.begin(), known_.end(), parameter.name) != known_.end()) continue;
    std::string names;
    for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
    const std::string there_are =
        names.empty() ? "This resource takes none." : "There are: " + names + ".";
    return Error(ErrorCode::bad_request,
                 "There is no parameter \"" + parameter.name + "\" here. " + there_are)
        .with("parameter", parameter.name);
  }
  return {};
}

}  // namespace syncline::api
