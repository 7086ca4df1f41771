// The file MANIFEST of a journal. The first byte says whether the rest is the file, or what stands
// in it behind a right frame.
#include "journal/manifest.hpp"

#include "changelog/codec/hash.hpp"
#include "journal/format.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

using namespace journal_internal;

// As `encode_manifest` frames members: magic, format, length, hash of all else.
std::string framed(std::string_view members) {
  std::string bytes = encode_manifest({}).substr(0, 24);
  bytes += members;
  auto* const out = reinterpret_cast<std::uint8_t*>(bytes.data());
  set_number(out + 12, static_cast<std::uint32_t>(members.size()));
  const std::uint64_t seed = codec::hash_bytes(out, 16);
  set_number(out + 16, codec::hash_bytes(members.data(), members.size(), seed));
  return bytes;
}

void check_file(std::string_view bytes) {
  const Result<Manifest> manifest = decode_manifest(bytes);
  if (!manifest) {
    check_error(manifest.error());
    const ErrorCode code = manifest.error().code;
    FUZZ_CHECK(code == ErrorCode::bad_request || code == ErrorCode::internal);
    return;
  }
  const std::string written = encode_manifest(*manifest);
  const Result<Manifest> again = decode_manifest(written);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->segments.size() == manifest->segments.size());
  FUZZ_CHECK(encode_manifest(*again) == written);
}

}  // namespace

void manifest(Bytes bytes) {
  Input input(bytes);
  const bool whole = input.byte() % 2 == 0;
  const ExactCopy rest(input.rest());
  const std::string file = whole ? std::string(rest.text()) : framed(rest.text());
  check_file(ExactCopy(bytes_of(file)).text());
}

}  // namespace syncline::fuzz
