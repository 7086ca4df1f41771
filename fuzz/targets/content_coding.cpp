// Compressed bodies. The first byte says which coding, and whether the rest is compressed already.
#include "http/content_coding.hpp"

#include "http/body_coding.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using http::ContentCoding;

// Small, so that a bomb of a few bytes is one.
constexpr std::size_t max_bytes = std::size_t{64} << 10;

void check_decompressed(ContentCoding coding, std::string_view packed) {
  const Result<std::string> plain = http::decompress(coding, packed, max_bytes);
  HttpRequest request;
  request.headers["Content-Encoding"] = to_string(coding);
  request.body = packed;
  const std::optional<HttpResponse> refusal = http::decode_body(request, max_bytes);
  FUZZ_CHECK(refusal.has_value() == (plain.has_error() && !packed.empty()));
  if (!plain) {
    check_error(plain.error());
    const ErrorCode code = plain.error().code;
    FUZZ_CHECK(code == ErrorCode::bad_request || code == ErrorCode::too_large);
    if (code == ErrorCode::too_large) FUZZ_CHECK(plain.error().number("limit") == max_bytes);
    if (refusal) FUZZ_CHECK(refusal->status == (code == ErrorCode::too_large ? 413U : 400U));
    return;
  }
  FUZZ_CHECK(plain->size() <= max_bytes);
  if (!packed.empty()) {
    FUZZ_CHECK(request.body == *plain && !request.headers.contains("Content-Encoding"));
  }
  const std::string again = http::compress(coding, *plain);
  FUZZ_CHECK(http::decompress(coding, again, plain->size()).value() == *plain);
}

void check_compressed(ContentCoding coding, std::string_view plain) {
  const std::string packed = http::compress(coding, plain);
  const ExactCopy copy(bytes_of(packed));
  FUZZ_CHECK(http::decompress(coding, copy.text(), plain.size()).value() == plain);
  if (!plain.empty()) {
    const auto longer = http::decompress(coding, copy.text(), plain.size() - 1);
    FUZZ_CHECK(longer.has_error() && longer.error().code == ErrorCode::too_large);
  }
  if (coding == ContentCoding::identity) return;
  const ExactCopy shorter(bytes_of(packed).first(packed.size() - 1));
  FUZZ_CHECK(http::decompress(coding, shorter.text(), max_bytes).has_error());
  // Two in a row are one body.
  const std::string twice = packed + packed;
  FUZZ_CHECK(http::decompress(coding, twice, 2 * plain.size()).value() ==
             std::string(plain) + std::string(plain));
}

// An answer comes back as it was, if anything known is accepted, and else as it is.
void check_answer(std::string_view accepted, std::string_view body) {
  HttpResponse response;
  response.body = body;
  http::encode_body(response, accepted);
  const auto named = response.headers.find("Content-Encoding");
  if (named == response.headers.end()) {
    FUZZ_CHECK(response.body == body);
    return;
  }
  const auto coding = http::coding_from_header(named->second);
  FUZZ_CHECK(coding.has_value());
  FUZZ_CHECK(http::decompress(*coding, response.body, body.size()).value() == body);
}

}  // namespace

void content_coding(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t selector = input.byte();
  const auto coding = static_cast<ContentCoding>(selector % 3);
  const ExactCopy rest(input.rest());
  switch (selector / 3 % 3) {
    case 0:
      check_decompressed(coding, rest.text());
      break;
    case 1:
      check_compressed(coding, rest.text());
      break;
    default: {
      const std::size_t line = std::min(rest.text().find('\n'), rest.text().size());
      const std::string body(rest.text().substr(line));
      check_answer(rest.text().substr(0, line), body + std::string(1024, 'x') + body);
    }
  }
}

}  // namespace syncline::fuzz
