// The file NODE of a data directory. The first byte says whether the rest is the file, or what
// stands in it behind a right frame, and of which format.
#include "node/catalogue.hpp"

#include <array>

#include "changelog/codec/hash.hpp"
#include "journal/format.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "targets.hpp"

namespace syncline::fuzz {
namespace {

constexpr std::size_t head_bytes = 16;

std::string framed(std::string_view body, std::uint32_t format) {
  std::string bytes = node::encode_catalogue({}).substr(0, head_bytes);
  auto* const head = reinterpret_cast<std::uint8_t*>(bytes.data());
  journal_internal::set_number(head + 8, format);
  journal_internal::set_number(head + 12, static_cast<std::uint32_t>(body.size()));
  bytes += body;
  std::array<std::uint8_t, 8> hash{};
  journal_internal::set_number(hash.data(), codec::hash_bytes(bytes.data(), bytes.size()));
  return bytes + std::string(text_of(hash));
}

}  // namespace

void catalogue(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t selector = input.byte();
  const Bytes rest = input.rest();
  const std::string file =
      selector % 3 == 0 ? std::string(text_of(rest)) : framed(text_of(rest), selector % 3);
  const ExactCopy copy(bytes_of(file));
  const Result<NodeCatalogue> read = node::decode_catalogue(copy.text());
  if (!read) {
    check_error(read.error());
    const ErrorCode code = read.error().code;
    FUZZ_CHECK(code == ErrorCode::bad_request || code == ErrorCode::internal);
    return;
  }
  const std::string written = node::encode_catalogue(*read);
  const Result<NodeCatalogue> again = node::decode_catalogue(written);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->edge == read->edge && again->tenants.size() == read->tenants.size());
  FUZZ_CHECK(node::encode_catalogue(*again) == written);
  for (const StoredTenant& tenant : read->tenants) {
    // The name of a tenant's directory is part of a path.
    FUZZ_CHECK(validate_tenant_id(tenant.id).has_value());
    FUZZ_CHECK(tenant.directory.find('/') == std::string::npos && tenant.directory != "..");
  }
}

}  // namespace syncline::fuzz
