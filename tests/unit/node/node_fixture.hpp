// A data directory on a disk in memory.
#pragma once

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "support/results.hpp"
#include "syncline/memory_files.hpp"
#include "syncline/node.hpp"

namespace syncline::test {

inline constexpr std::uint64_t noon_us = 1'763'640'000'000'000;

/// A node that is open, with its tenants.
struct OpenNode {
  std::unique_ptr<Node> node;
  std::unique_ptr<TenantManager> tenants;  // goes first

  Tenant& tenant(std::string_view id) const { return *tenants->get(id).value(); }
};

struct NodeFixture {
  MemoryFiles disk;
  ManualClock clock{noon_us};
  SeededRandom random{7};

  static Node::Options options(FileSystem& files, std::string directory = "/data") {
    Node::Options options;
    options.directory = std::move(directory);
    options.files = &files;
    return options;
  }

  Result<OpenNode> try_open(Node::Options options) {
    auto node = Node::open(std::move(options));
    if (!node) return node.error();
    auto tenants = TenantManager::open({.clock = &clock, .random = &random, .store = node->get()});
    if (!tenants) return tenants.error();
    return OpenNode{std::move(*node), std::move(*tenants)};
  }
  OpenNode open(std::string directory = "/data") {
    auto opened = try_open(options(disk, std::move(directory)));
    REQUIRE(opened);
    return std::move(*opened);
  }
};

inline Result<WriteResult> put(Tenant& tenant, std::string_view row_id, std::string_view text) {
  return tenant.replica().put("notes", row_id, Payload::raw(text));
}

inline std::string data_of(const Tenant& tenant, std::string_view row_id) {
  const Row row = tenant.replica().get("notes", row_id);
  return row.exists() ? std::string(row.winner->data) : std::string();
}

/// Puts `byte` in the place of the one at `offset`; the one in the middle if that is not given.
inline void overwrite(FileSystem& files, const std::string& path,
                      std::optional<std::uint64_t> offset = std::nullopt) {
  auto file = files.open(path, FileMode::write);
  REQUIRE(file);
  const std::uint64_t at = offset.value_or((*file)->size().value() / 2);
  std::uint8_t byte = 0;
  REQUIRE((*file)->read_at(at, {&byte, 1}));
  byte ^= 0x55U;
  REQUIRE((*file)->write_at(at, {&byte, 1}));
  REQUIRE((*file)->sync());
}

}  // namespace syncline::test
