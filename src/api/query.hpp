// Paths and queries of requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/change_json.hpp"
#include "syncline/error.hpp"

namespace syncline::api {

/// Decodes %XX; with `plus_is_space` also '+', as forms encode queries. nullopt for a malformed
/// escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// The path and the query of a request's target: without scheme and authority, if those who ask
/// wrote it as a whole URL (RFC 9112, 3.2.2). A view into `target`.
std::string_view origin_form(std::string_view target);

/// The parameters of a query. Every look-up notes its name, so that `finish` can tell what nobody
/// looked for. All errors are `bad_request` and name the parameter, what was given and what is
/// right.
class Query {
 public:
  /// `text` is what follows the '?'.
  static Result<Query> parse(std::string_view text);

  /// nullopt if it was not given. Errors: given twice.
  Result<std::optional<std::string>> text(std::string_view name);
  /// `fallback` if it was not given. Errors: no number, or not in [least, greatest].
  Result<std::uint64_t> number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                               std::uint64_t greatest);
  /// All values, given as "a,b", as "name=a&name=b" or both; none if it was not given. An encoded
  /// comma is part of a value. Errors: an empty value, because no filter would come of it.
  Result<std::vector<std::string>> list(std::string_view name);
  /// `payload=text|base64`.
  Result<JsonPayload> payload();
  /// Call it after the last look-up. Errors: a parameter that nobody looked for.
  Result<void> finish() const;

 private:
  struct Parameter {
    std::string name;
    std::string raw;  ///< checked to be decodable
  };
  std::vector<Parameter> parameters_;
  std::vector<std::string> known_;
};

/// What a wrong value of a parameter is answered with.
Error bad_parameter(std::string_view name, std::string_view given, std::string_view right);

}  // namespace syncline::api
