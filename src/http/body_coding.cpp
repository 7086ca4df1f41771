#include "http/body_coding.hpp"

#include "api/problem.hpp"
#include "http/content_coding.hpp"

namespace syncline::http {

std::optional<HttpResponse> decode_body(HttpRequest& request, std::size_t max_bytes) {
  const auto named = request.headers.find("Content-Encoding");
  if (named == request.headers.end()) return std::nullopt;
  const auto coding = coding_from_header(named->second);
  if (!coding) {
    HttpResponse refusal = api::problem_response(
        Error(ErrorCode::unsupported_media_type,
              "The body's encoding \"" + named->second + "\" is not understood.")
            .with("supported", "zstd")
            .with("supported", "gzip")
            .with("supported", "identity"));
    name_codings(refusal);
    return refusal;
  }
  request.headers.erase(named);
  // No body at all has no coding either, whatever the header says.
  if (*coding == ContentCoding::identity || request.body.empty()) return std::nullopt;
  auto body = decompress(*coding, request.body, max_bytes);
  if (!body) return api::problem_response(body.error());
  request.body = std::move(*body);
  return std::nullopt;
}

void encode_body(HttpResponse& response, std::string_view accepted) {
  if (response.body.empty() || response.headers.contains("Content-Encoding")) return;
  if (response.body.size() >= compress_from_bytes) {
    // Also without a coding now: a cache must not give this answer to those who accept others.
    response.headers["Vary"] = "Accept-Encoding";
  }
  const ContentCoding coding = choose_coding(accepted, response.body.size());
  if (coding == ContentCoding::identity) return;
  std::string packed = compress(coding, response.body);
  if (packed.size() >= response.body.size()) return;
  response.body = std::move(packed);
  response.headers["Content-Encoding"] = to_string(coding);
  response.headers["Vary"] = "Accept-Encoding";
}

void name_codings(HttpResponse& response) { response.headers["Accept-Encoding"] = known_codings; }

}  // namespace syncline::http
