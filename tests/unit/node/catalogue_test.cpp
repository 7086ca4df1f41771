#include "node/catalogue.hpp"

#include <doctest/doctest.h>

#include "changelog/codec/hash.hpp"
#include "support/results.hpp"
#include "syncline/memory_files.hpp"

namespace syncline {
namespace {

NodeCatalogue sample() {
  NodeCatalogue catalogue;
  catalogue.next_number = 9;
  catalogue.edge = EdgeHome{"http://127.0.0.1:8437", "shop", "tablet"};
  StoredTenant& tenant = catalogue.tenants.emplace_back();
  tenant.id = "shop";
  tenant.directory = "shop.8";
  tenant.created_at_us = 1'763'640'000'000'000;
  tenant.plan = {.name = "special",
                 .storage_bytes = 5'000'000'000,
                 .max_connections = 3,
                 .requests_per_second = 70'000,
                 .change_log = false};
  tenant.settings.version = 4;
  tenant.settings.max_clock_drift_ms = 1'000;
  tenant.settings.retention = {.max_age_s = 7, .max_bytes = 0, .max_changes = 9};
  tenant.settings.home = *NodeId::parse("6f1d2c3b-0000-4000-8000-000000000001");
  tenant.settings.lease_s = 3600;
  tenant.settings.consumer_max_lag = 9;
  tenant.settings.policies.default_policy = "causal";
  tenant.settings.policies.tables = {{"loans", "lww"}, {"orders", "causal"}};
  return catalogue;
}

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<std::uint8_t>(byte) >> 4U];
    text += digits[static_cast<std::uint8_t>(byte) & 0x0FU];
  }
  return text;
}

TEST_CASE("a catalogue comes back as it was") {
  const NodeCatalogue before = sample();
  const auto after = node::decode_catalogue(node::encode_catalogue(before));
  REQUIRE(after);
  CHECK(after->next_number == 9);
  CHECK(after->edge == before.edge);
  REQUIRE(after->tenants.size() == 1);
  const StoredTenant& tenant = after->tenants.front();
  CHECK(tenant.id == "shop");
  CHECK(tenant.directory == "shop.8");
  CHECK(tenant.created_at_us == before.tenants.front().created_at_us);
  CHECK(tenant.plan == before.tenants.front().plan);
  CHECK(tenant.settings.version == 4);
  CHECK(tenant.settings == before.tenants.front().settings);
  for (const std::optional<NodeId>& home : {std::optional<NodeId>(), std::optional(NodeId())}) {
    NodeCatalogue other = before;
    other.tenants.front().settings.home = home;
    const auto again = node::decode_catalogue(node::encode_catalogue(other));
    REQUIRE(again);
    CHECK(again->tenants.front().settings.home == home);
  }
  NodeCatalogue some_tables = before;
  some_tables.edge->tables = {"loans", "orders"};
  const std::string bytes = node::encode_catalogue(some_tables);
  const auto with_tables = node::decode_catalogue(bytes);
  REQUIRE(with_tables);
  CHECK(with_tables->edge == some_tables.edge);
  const auto empty = node::decode_catalogue(node::encode_catalogue({}));
  REQUIRE(empty);
  CHECK(!empty->edge);
  CHECK(empty->tenants.empty());
}

TEST_CASE("the bytes of format 2 are frozen") {
  const std::string empty = node::encode_catalogue({});
  CHECK(hex_of(empty.substr(0, empty.size() - 8)) ==
        "53594e434e4f4445"
        "02000000"
        "04000000"
        "9301c090");
  const std::string bytes = node::encode_catalogue(sample());
  CHECK(hex_of(bytes.substr(0, 16)) ==
        "53594e434e4f444502000000"
        "a8000000");
  CHECK(hex_of(bytes.substr(16, bytes.size() - 24)) ==
        "930993b5687474703a2f2f3132372e302e302e313a38343337a473686f70a67461626c65749195a4"
        "73686f70a673686f702e38cf000644056fb6300095a77370656369616ccf000000012a05f20003ce"
        "00011170009804cd03e8a663617573616c82a56c6f616e73a36c7777a66f7264657273a663617573"
        "616c93070009"
        "d92436663164326333622d303030302d343030302d383030302d303030303030303030303031"
        "cd0e1009");
}

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

TEST_CASE("format 1 is read, and has no home for an edge's tenant") {
  CHECK(
      node::decode_catalogue(bytes_of("53594e434e4f444501000000040000009301c0900cd7ebf548cfea5f")));
  const auto catalogue = node::decode_catalogue(
      bytes_of("53594e434e4f4445010000007e000000"
               "930993b5687474703a2f2f3132372e302e302e313a38343337a473686f70a67461626c65749195a4"
               "73686f70a673686f702e38cf000644056fb6300095a77370656369616ccf000000012a05f20003ce"
               "00011170009504cd03e8a663617573616c82a56c6f616e73a36c7777a66f7264657273a663617573"
               "616c93070009e351bb1c9cf0c188"));
  REQUIRE(catalogue);
  TenantSettings settings = sample().tenants.front().settings;
  settings.home.reset();
  settings.lease_s = limits::default_lease_s;
  settings.consumer_max_lag = 0;
  CHECK(catalogue->tenants.front().settings == settings);
}

TEST_CASE("every change of a byte and every cut is damage") {
  const std::string bytes = node::encode_catalogue(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    const auto decoded = node::decode_catalogue(changed);
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == ErrorCode::internal);
    const auto cut = node::decode_catalogue(bytes.substr(0, i));
    REQUIRE(cut.has_error());
    CHECK(cut.error().code == ErrorCode::internal);
  }
  const auto longer = node::decode_catalogue(bytes + '\0');
  REQUIRE(longer.has_error());
  CHECK(longer.error().code == ErrorCode::internal);
}

// With a good hash, so that the body is looked at.
std::string framed(std::uint8_t format, std::string_view body) {
  std::string bytes = "SYNCNODE";
  bytes += static_cast<char>(format) + std::string(3, '\0');
  bytes += static_cast<char>(body.size()) + std::string(3, '\0');
  bytes += body;
  const std::uint64_t hash = codec::hash_bytes(bytes.data(), bytes.size());
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(hash >> shift);
  return bytes;
}

TEST_CASE("a newer format is refused as such, a body that is none as damage") {
  const auto newer = node::decode_catalogue(framed(3, "whatever it will be"));
  REQUIRE(newer.has_error());
  CHECK(newer.error().code == ErrorCode::bad_request);
  CHECK(newer.error().detail.find("format 3") != std::string::npos);
  using namespace std::string_view_literals;
  CHECK(node::decode_catalogue(framed(2, "\x93\x01\xc0\x90"sv)));
  for (const std::string_view body : {""sv, "\xc0"sv, "\x93\x01\xc0"sv, "\x93\x01\xc0\x90\x00"sv,
                                      "\x93\xc0\xc0\x90"sv, "\x93\x01\xc0\xdd\xff\xff\xff\xff"sv,
                                      "\x93\x01\xc0\x91\x95"sv, "\x93\x01\x92\xa1x\xa1y\x90"sv}) {
    CAPTURE(hex_of(body));
    const auto decoded = node::decode_catalogue(framed(2, body));
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == ErrorCode::internal);
  }
  CHECK(node::decode_catalogue(framed(0, "\x93\x01\xc0\x90"sv)).error().code ==
        ErrorCode::internal);
}

TEST_CASE("no name in a catalogue leads out of its directory") {
  for (const std::string directory : {"", "..", ".hidden", "a/b", "/etc", "../shop.8"}) {
    CAPTURE(directory);
    NodeCatalogue catalogue = sample();
    catalogue.tenants.front().directory = directory;
    const auto decoded = node::decode_catalogue(node::encode_catalogue(catalogue));
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == ErrorCode::internal);
  }
  NodeCatalogue catalogue = sample();
  catalogue.tenants.front().id = "Shop/1";
  CHECK(node::decode_catalogue(node::encode_catalogue(catalogue)).has_error());
}

TEST_CASE("an error names the file and what would be right") {
  MemoryFiles files;
  REQUIRE(files.create_directories("/data"));
  REQUIRE(replace_file(files, "/data/NODE", framed(7, "")));
  const auto newer = node::read_catalogue_file(files, "/data/NODE");
  REQUIRE(newer.has_error());
  CHECK(newer.error().detail.find("/data/NODE") != std::string::npos);
  CHECK(newer.error().detail.find("use a newer program") != std::string::npos);
}

}  // namespace
}  // namespace syncline
