// Seeds that are bytes: journals, catalogues, tokens, compressed bodies.
#include <array>
#include <memory>

#include "changelog/replica/checkpoint_entries.hpp"
#include "changelog/replica/journal_entries.hpp"
#include "http/content_coding.hpp"
#include "journal/manifest.hpp"
#include "node/catalogue.hpp"
#include "seeds/seeds.hpp"
#include "support/steps.hpp"
#include "support/world.hpp"
#include "sync/cursor.hpp"
#include "sync/peer_record.hpp"
#include "sync/remote_state.hpp"

namespace syncline::fuzz {
namespace {

void add_tokens(SeedFolder& seeds) {
  const Cursor cursor{phone, 300, 0x0123'4567'89AB'CDEF, 7};
  const std::string text = encode_cursor(cursor);
  seeds.add("cursor", "text", 0, text);
  std::string bytes = from_base64url(text).value();
  bytes.resize(bytes.size() - 4);  // the checksum
  seeds.add("cursor", "sealed", 1, bytes);
  for (const char* since : {"beginning", "now", "lsn:3", "time:2023-11-14T22:13:21Z"}) {
    seeds.add("cursor", std::string("since_") + std::string(since).substr(0, 4), 2, since);
  }
}

void add_codings(SeedFolder& seeds) {
  using http::ContentCoding;
  const std::string text = R"({"changes":[],"cursor":null,"cursor2":null,"cursor3":null})";
  const std::string zeros(std::size_t{60} << 10, '\0');
  const std::string bomb(std::size_t{8} << 20, '\0');
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::zstd}) {
    const std::string name(to_string(coding));
    const auto number = static_cast<std::uint8_t>(coding);
    seeds.add("content_coding", name, number, http::compress(coding, text));
    seeds.add("content_coding", name + "_zeros", number, http::compress(coding, zeros));
    seeds.add("content_coding", name + "_bomb", number, http::compress(coding, bomb));
    seeds.add("content_coding", name + "_empty", number, http::compress(coding, ""));
    seeds.add("content_coding", name + "_plain", static_cast<std::uint8_t>(3 + number), text);
  }
  seeds.add("content_coding", "answer", 6, "gzip;q=0.5, zstd;q=0.4\n" + text);
}

void add_files(SeedFolder& seeds) {
  NodeCatalogue catalogue;
  catalogue.edge = EdgeHome{"http://example.org:8437", "shop", "till", {"people"}};
  StoredTenant& tenant = catalogue.tenants.emplace_back();
  tenant.id = "shop";
  tenant.directory = "shop.1";
  tenant.plan.name = "pro";
  tenant.settings.policies.tables["people"] = "causal";
  tenant.settings.home = phone;
  const std::string file = node::encode_catalogue(catalogue);
  seeds.add("catalogue", "edge", 0, file);
  seeds.add("catalogue", "edge_body", 2, file.substr(16, file.size() - 24));
  journal_internal::Manifest manifest;
  manifest.checkpoint = {3, 4'000, 5, 10, 20};
  manifest.segments = {{4, 100, 5'000, 77, 21, 30, true}, {5, 5'000, 0, 0, 0, 0, false}};
  const std::string members = journal_internal::encode_manifest(manifest);
  seeds.add("manifest", "compressed", 0, members);
  seeds.add("manifest", "members", 1, members.substr(24));
}

void add_entries(SeedFolder& seeds) {
  seeds.add("checkpoint", "identity", 0, encode_identity({phone, phone}));
  seeds.add("checkpoint", "property", 1, encode_property({"name", "value"}));
  seeds.add("checkpoint", "property_gone", 1, encode_property({"name", std::nullopt}));
  seeds.add("checkpoint", "clock", 2, encode_clock({{phone, 300}}));
  LogState state;
  state.first = 10;
  state.last = 70'000;
  state.not_kept = 2;
  seeds.add("checkpoint", "log_state", 3, encode_log_state(state));
  seeds.add("checkpoint", "origin", 4, encode_origin({phone, 300, 299, {298, 7}, 5, {4, 9}}));
  seeds.add("checkpoint", "conflict", 5, encode_conflict({3, 4, world_begins_us, 1}));
  std::string filings;
  ChangeLog::Filing filing;
  append_filing(filings, 1'000, filing);
  filing.previous_of_row = 900;
  filing.before_lsn = 800;
  append_filing(filings, 1'001, filing);
  seeds.add("checkpoint", "filings", 6, filings);
}

void add_properties(SeedFolder& seeds) {
  Peer peer;
  peer.node_id = phone;
  peer.name = "till";
  peer.role = "edge";
  peer.tables = {"people"};
  peer.metadata = {{"os", "linux"}};
  peer.acknowledged = {{phone, 3}};
  peer.vouched = {{phone, 2}};
  peer.clock_offset_us = -5;
  peer.expired_by = Dot{phone, 9};
  seeds.add("properties", "peer", 0, encode_peer(peer));
  ManualClock clock{world_begins_us};
  SeededRandom random{77};
  const std::unique_ptr<Replica> edge = make_edge(clock, random);
  RemoteState state;
  state.server_node = phone;
  state.cursor = "cursor";
  state.dropping = {"t"};
  if (save_remote(*edge, "r", state)) {
    seeds.add("properties", "remote", 1, edge->property("remote/r").value_or(""));
  }
}

std::string entries_of(MemoryJournal& journal) {
  std::string out;
  Lsn lsn = 0;
  const auto replayed = journal.replay([&](const JournalEntry& entry) -> Result<void> {
    const bool placed = entry.lsn != 0;
    const Lsn distance = placed ? entry.lsn - lsn : 0;
    if (placed) lsn = entry.lsn;
    out += static_cast<char>(entry.kind);
    out += static_cast<char>(distance >> 8U);
    out += static_cast<char>(distance & 0xFFU);
    out += static_cast<char>(entry.bytes.size() >> 8U);
    out += static_cast<char>(entry.bytes.size() & 0xFFU);
    out += text_of(entry.bytes);
    return {};
  });
  return replayed ? out : std::string();
}

// A replica's journal, as it was written, and once more behind a checkpoint.
void add_journals(SeedFolder& seeds) {
  const auto journal = std::make_shared<MemoryJournal>();
  ManualClock clock{world_begins_us};
  SeededRandom random{78};
  Replica::Options options;
  options.clock = &clock;
  options.random = &random;
  options.journal = journal;
  const std::unique_ptr<Replica> replica = Replica::open(options).value();
  World other;
  std::vector<std::string_view> records;
  const LogReader reader = other.replica().log();
  for (Lsn lsn = 1; lsn <= reader.last_lsn(); ++lsn) {
    records.push_back(text_of(reader.at(lsn).change.record));
  }
  replica->integrate(records);
  for (int i = 0; i < 12; ++i) {
    static_cast<void>(replica->put("people", std::to_string(i % 3), Payload::json("[1]")));
  }
  static_cast<void>(replica->set_property("p", "v"));
  seeds.add("restore", "journal", entries_of(*journal));
  static_cast<void>(replica->trim(12));
  static_cast<void>(replica->put("people", "1", Payload::json("2")));
  seeds.add("restore", "checkpoint", entries_of(*journal));
}

// Steps of targets/journal.cpp.
void add_segments(SeedFolder& seeds) {
  std::string steps;
  for (const std::uint8_t kind : std::to_array<std::uint8_t>({0, 1, 0, 1})) {
    append_step(steps, kind, "an entry's bytes");
    steps += std::string(kind % 2 == 0 ? 1 : 2, '\x01');  // the kinds of its entries
  }
  seeds.add("journal", "batches", 0, steps);
  seeds.add("journal", "not_closed", 1, steps);
  seeds.add("journal", "torn", 0, steps + std::string("\x05\x09", 2));
  seeds.add("journal", "damaged", 0, steps + std::string("\x04\x00\x60\x07", 4));
  std::string sealed;
  append_step(sealed, 2, std::string("\x02\x00\x00\x00\xFF\x00\x00\x00xyz", 11));
  seeds.add("journal", "sealed", 0, steps + sealed);
}

}  // namespace

void add_binary_seeds(SeedFolder& seeds) {
  add_tokens(seeds);
  add_codings(seeds);
  add_files(seeds);
  add_entries(seeds);
  add_properties(seeds);
  add_journals(seeds);
  add_segments(seeds);
}

}  // namespace syncline::fuzz
