#include "changelog/replica/rejected_changes.hpp"

#include <cstdio>

#include <msgpack.hpp>

#include "changelog/codec/msgpack_reader.hpp"
#include "changelog/replica/impl.hpp"
#include "syncline/limits.hpp"
#include "syncline/record.hpp"

namespace syncline {
namespace {

constexpr std::string_view prefix = "rejected/";
constexpr std::string_view first_part = "/000";

/// Of all parts of one; their names sort as the changes and the parts do.
std::string name_of(const Dot& dot) {
  char seq[24];
  std::snprintf(seq, sizeof seq, "%020llu", static_cast<unsigned long long>(dot.seq));
  return std::string(prefix) + dot.origin.to_string() + '/' + seq;
}

std::string part_name(const std::string& name, std::size_t part) {
  char number[24];
  std::snprintf(number, sizeof number, "/%03zu", part);
  return name + number;
}

std::string encode(const RejectedChange& rejected) {
  msgpack::sbuffer bytes;
  msgpack::packer<msgpack::sbuffer> packer(bytes);
  const std::string record = encode_record(rejected.change);
  packer.pack_array(4);
  packer.pack(std::string(to_string(rejected.error.code)));
  packer.pack(rejected.error.detail);
  packer.pack_uint64(rejected.rejected_at_us);
  packer.pack_bin(static_cast<std::uint32_t>(record.size()));
  packer.pack_bin_body(record.data(), static_cast<std::uint32_t>(record.size()));
  return {bytes.data(), bytes.size()};
}

std::optional<RejectedChange> decode(const std::string& bytes) {
  codec::MsgpackReader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  std::uint32_t count = 0;
  std::string_view code;
  std::string_view detail;
  std::string_view record;
  RejectedChange rejected;
  const bool good = reader.read_array(count) && count == 4 && reader.read_string(code) &&
                    reader.read_string(detail) && reader.read_uint(rejected.rejected_at_us) &&
                    reader.read_binary(record) && reader.at_end();
  if (!good) return std::nullopt;
  auto change =
      change_from_record({reinterpret_cast<const std::uint8_t*>(record.data()), record.size()});
  if (!change) return std::nullopt;
  rejected.change = std::move(*change);
  rejected.error = {error_code_from_string(code), std::string(detail)};
  return rejected;
}

}  // namespace

void add_rejected(Properties& properties, const RejectedChange& rejected) {
  const std::string name = name_of(rejected.change.dot);
  const std::string bytes = encode(rejected);
  constexpr std::size_t part_bytes = limits::max_property_value_bytes;
  for (std::size_t part = 0; part * part_bytes < bytes.size(); ++part) {
    properties[part_name(name, part)] = bytes.substr(part * part_bytes, part_bytes);
  }
}

std::vector<RejectedChange> read_rejected(const Properties& properties) {
  std::vector<RejectedChange> found;
  auto each = properties.lower_bound(prefix);
  while (each != properties.end() && each->first.starts_with(prefix)) {
    const std::size_t own = each->first.size() - std::min(each->first.size(), first_part.size());
    const std::string name = each->first.substr(0, own);
    std::string bytes;
    // The first one in any case, whatever it is called.
    do {
      bytes += each->second;
      ++each;
    } while (each != properties.end() && each->first.size() == own + first_part.size() &&
             each->first.starts_with(name));
    if (auto rejected = decode(bytes)) found.push_back(std::move(*rejected));
  }
  return found;
}

std::size_t count_rejected(const Properties& properties) {
  std::size_t count = 0;
  for (auto each = properties.lower_bound(prefix);
       each != properties.end() && each->first.starts_with(prefix); ++each) {
    if (each->first.ends_with(first_part)) ++count;
  }
  return count;
}

std::vector<std::string> rejected_names(const Properties& properties, const Dot& dot) {
  std::vector<std::string> names;
  const std::string name = name_of(dot) + '/';
  for (auto each = properties.lower_bound(name);
       each != properties.end() && each->first.starts_with(name); ++each) {
    names.push_back(each->first);
  }
  return names;
}

std::vector<RejectedChange> Replica::rejected_changes() const {
  const std::shared_lock lock(impl_->mutex);
  return read_rejected(impl_->properties);
}

Result<void> Replica::discard_rejected(const Dot& dot) {
  const std::unique_lock lock(impl_->mutex);
  const std::vector<std::string> names = rejected_names(impl_->properties, dot);
  if (names.empty()) {
    return Error{ErrorCode::not_found,
                 "there is no refused change " + to_string(dot) + " in the list"};
  }
  std::vector<std::string> bytes;
  std::vector<JournalEntry> batch;
  for (const std::string& name : names) bytes.push_back(encode_property({name, std::nullopt}));
  for (const std::string& encoded : bytes) {
    JournalEntry entry;
    entry.kind = JournalEntryKind::property;
    entry.bytes = {reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size()};
    batch.push_back(entry);
  }
  if (impl_->options.journal != nullptr) {
    if (auto kept = impl_->journal_batch(batch); !kept) return kept;
  }
  for (const std::string& name : names) impl_->set_property(name, std::nullopt);
  return {};
}

}  // namespace syncline
