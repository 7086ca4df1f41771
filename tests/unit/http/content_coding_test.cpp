#include "http/content_coding.hpp"

#include <array>
#include <rapidcheck.h>

#include <doctest/doctest.h>

#include "support/results.hpp"

namespace syncline {

namespace {

using http::choose_coding;
using http::compress;
using http::ContentCoding;
using http::decompress;

constexpr std::array codings{ContentCoding::gzip, ContentCoding::zstd};
constexpr std::size_t plenty = std::size_t{64} << 20;

ErrorCode failure(ContentCoding coding, std::string_view bytes, std::size_t max_bytes = plenty) {
  const auto result = decompress(coding, bytes, max_bytes);
  REQUIRE(result.has_error());
  return result.error().code;
}

}  // namespace

TEST_SUITE("content coding") {
  TEST_CASE("whatever is compressed comes back, in one piece or as several in a row") {
    rc::check([](const std::string& some, const std::string& more, std::uint16_t repeats) {
      std::string bytes = some;
      for (int i = 0; i < repeats % 200; ++i) bytes += more;
      for (const ContentCoding coding : codings) {
        const std::string packed = compress(coding, bytes);
        RC_ASSERT(decompress(coding, packed, bytes.size()).value() == bytes);
        const std::string twice = packed + compress(coding, some);
        RC_ASSERT(decompress(coding, twice, plenty).value() == bytes + some);
      }
    });
  }

  TEST_CASE("large bodies come back, too, and are smaller on the way") {
    std::string bytes;
    for (unsigned i = 0; bytes.size() < 5'000'000; ++i)
      bytes += "row " + std::to_string(i * i) + ", ";
    for (const ContentCoding coding : codings) {
      const std::string packed = compress(coding, bytes);
      CHECK(packed.size() < bytes.size() / 2);
      CHECK(*decompress(coding, packed, bytes.size()) == bytes);
      CHECK(failure(coding, packed, bytes.size() - 1) == ErrorCode::too_large);
    }
  }

  TEST_CASE("a bomb ends at the limit, which is told") {
    const std::string zeros(50'000'000, '\0');
    for (const ContentCoding coding : codings) {
      const std::string bomb = compress(coding, zeros);
      CHECK(bomb.size() < 250'000);
      const auto refused = decompress(coding, bomb, 100'000);
      REQUIRE(refused.has_error());
      CHECK(refused.error().code == ErrorCode::too_large);
      CHECK(refused.error().number("limit") == 100'000);
      CHECK(failure(coding, compress(coding, "x"), 0) == ErrorCode::too_large);
    }
  }

  TEST_CASE("a zstd frame whose window would need more than 8 MiB is refused") {
    // Magic number; no content size; a window of 2 to the power of 10 + 17; an empty last block.
    const std::string wide("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00", 9);
    CHECK(failure(ContentCoding::zstd, wide) == ErrorCode::bad_request);
    const std::string fits("\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00", 9);
    CHECK(decompress(ContentCoding::zstd, fits, plenty)->empty());
  }

  TEST_CASE("bytes that end too early or are damaged are refused, naming the coding") {
    std::string bytes;
    for (int i = 0; i < 3000; ++i) bytes += std::to_string(i * 7919) + ",";
    for (const ContentCoding coding : codings) {
      const std::string packed = compress(coding, bytes);
      for (std::size_t size = 0; size < packed.size(); size += 1 + size / 7) {
        CHECK(failure(coding, packed.substr(0, size)) == ErrorCode::bad_request);
      }
      CHECK(failure(coding, packed.substr(0, packed.size() - 1)) == ErrorCode::bad_request);
      CHECK(failure(coding, packed + "rubbish") == ErrorCode::bad_request);
      const auto other = coding == ContentCoding::gzip ? ContentCoding::zstd : ContentCoding::gzip;
      CHECK(failure(other, packed) == ErrorCode::bad_request);
      const auto refused = decompress(coding, "{\"a\":1}", plenty);
      REQUIRE(refused.has_error());
      CHECK(refused.error().detail.find(to_string(coding)) != std::string::npos);
    }
    std::string damaged = compress(ContentCoding::gzip, bytes);
    damaged[damaged.size() - 6] ^= 1;  // in the checksum
    CHECK(failure(ContentCoding::gzip, damaged) == ErrorCode::bad_request);
  }

  TEST_CASE("no bytes at all make it throw") {
    rc::check([](const std::string& bytes) {
      for (const ContentCoding coding : codings) {
        std::string spoilt = compress(coding, "some text that is there, some that is there");
        for (std::size_t i = 0; i < bytes.size() && i < spoilt.size(); ++i) {
          spoilt[(i * 5) % spoilt.size()] ^= bytes[i];
        }
        for (const std::string& input : {bytes, spoilt}) {
          const auto result = decompress(coding, input, 1000);
          if (result) RC_ASSERT(result->size() <= std::size_t{1000});
        }
      }
    });
  }

  TEST_CASE("the names of codings") {
    CHECK(http::coding_from_header("gzip") == ContentCoding::gzip);
    CHECK(http::coding_from_header("X-GZip") == ContentCoding::gzip);
    CHECK(http::coding_from_header(" zstd ") == ContentCoding::zstd);
    CHECK(http::coding_from_header("identity") == ContentCoding::identity);
    CHECK(http::coding_from_header("") == ContentCoding::identity);
    CHECK_FALSE(http::coding_from_header("br"));
    CHECK_FALSE(http::coding_from_header("gzip, zstd"));
  }

  TEST_CASE("Accept-Encoding decides, with its weights") {
    const auto large = [](std::string_view accepted) { return choose_coding(accepted, 1024); };
    CHECK(large("") == ContentCoding::identity);
    CHECK(large("br, deflate") == ContentCoding::identity);
    CHECK(large("gzip") == ContentCoding::gzip);
    CHECK(large("x-gzip") == ContentCoding::gzip);
    CHECK(large("gzip, ZSTD") == ContentCoding::zstd);
    CHECK(large("gzip;q=0.9, zstd;q=0.8, br") == ContentCoding::gzip);
    CHECK(large("gzip;q=0, zstd;q=0") == ContentCoding::identity);
    CHECK(large("*") == ContentCoding::zstd);
    CHECK(large("zstd;q=0, *") == ContentCoding::gzip);
    CHECK(large("*;q=0") == ContentCoding::identity);
    CHECK(large("identity, gzip;q=0.5") == ContentCoding::identity);
    CHECK(large("identity;q=0.2, gzip;q=0.5") == ContentCoding::gzip);
    CHECK(large("identity;q=0, gzip;q=0.001") == ContentCoding::gzip);
  }

  TEST_CASE("small bodies are compressed only where identity is refused") {
    CHECK(choose_coding("gzip, zstd", 1023) == ContentCoding::identity);
    CHECK(choose_coding("gzip, identity;q=0", 1) == ContentCoding::gzip);
    CHECK(choose_coding("zstd, *;q=0", 1) == ContentCoding::zstd);
    CHECK(choose_coding("identity;q=0", 1) == ContentCoding::identity);
  }
}

}  // namespace syncline
