#include <random>

#include <doctest/doctest.h>

#include "syncline/change_json.hpp"

namespace syncline {
namespace {

TEST_CASE("the test vectors of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text).value() == bytes);
  }
}

TEST_CASE("any bytes come back") {
  std::mt19937_64 random(8);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 100, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    REQUIRE(from_base64(to_base64(bytes)).value() == bytes);
  }
}

TEST_CASE("there is one text for some bytes, and no other is read") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm 8",
                           "Zm8=Zm8=", "Z=g=", "-_8=", "Zm8\n", "Zg==\n"}) {
    CAPTURE(text);
    const auto bytes = from_base64(text);
    REQUIRE(!bytes.has_value());
    CHECK(bytes.error().code == ErrorCode::bad_request);
  }
}

}  // namespace
}  // namespace syncline
