#include "journal/manifest.hpp"

#include <cstdio>

#include <msgpack.hpp>

#include "changelog/codec/hash.hpp"
#include "changelog/codec/msgpack_reader.hpp"
#include "journal/format.hpp"

namespace syncline::journal_internal {
namespace {

constexpr std::string_view magic = "SYNCLMAN";
constexpr std::size_t frame_bytes = 24;  // magic, format, length, checksum
constexpr std::uint64_t max_manifest_bytes = std::uint64_t{256} << 20;
constexpr std::uint32_t manifest_members = 6;
constexpr std::uint32_t checkpoint_members = 5;
constexpr std::uint32_t segment_members = 7;

std::string numbered(std::uint64_t number, const char* suffix) {
  char name[48];
  std::snprintf(name, sizeof name, "%08llu.%s", static_cast<unsigned long long>(number), suffix);
  return name;
}

/// Reads numbers until one is missing.
class NumberReader {
 public:
  explicit NumberReader(codec::MsgpackReader& reader) : reader_(reader) {}
  bool array(std::uint32_t count) {
    std::uint32_t found = 0;
    good_ = good_ && reader_.read_array(found) && found == count;
    return good_;
  }
  template <typename Number>
  NumberReader& operator()(Number& value) {
    std::uint64_t read = 0;
    good_ = good_ && reader_.read_uint(read);
    value = static_cast<Number>(read);
    return *this;
  }
  bool good() const noexcept { return good_; }

 private:
  codec::MsgpackReader& reader_;
  bool good_ = true;
};

template <typename Packer>
void pack_all(Packer&) {}
template <typename Packer, typename... Rest>
void pack_all(Packer& packer, std::uint64_t first, Rest... rest) {
  packer.pack_uint64(first);
  pack_all(packer, rest...);
}

std::string encode_members(const Manifest& manifest) {
  msgpack::sbuffer buffer;
  msgpack::packer<msgpack::sbuffer> packer(buffer);
  packer.pack_array(manifest_members);
  pack_all(packer, manifest.directory, manifest.verified, manifest.closed_cleanly ? 1U : 0U,
           manifest.next_number);
  const CheckpointInfo& checkpoint = manifest.checkpoint;
  packer.pack_array(checkpoint_members);
  pack_all(packer, checkpoint.number, checkpoint.bytes, checkpoint.last_hash, checkpoint.first_lsn,
           checkpoint.last_lsn);
  packer.pack_array(static_cast<std::uint32_t>(manifest.segments.size()));
  for (const SegmentInfo& segment : manifest.segments) {
    packer.pack_array(segment_members);
    pack_all(packer, segment.number, segment.start, segment.end, segment.last_hash,
             segment.first_lsn, segment.last_lsn, segment.compressed ? 1U : 0U);
  }
  return {buffer.data(), buffer.size()};
}

bool decode_members(std::string_view bytes, Manifest& manifest) {
  codec::MsgpackReader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  NumberReader read(reader);
  if (!read.array(manifest_members)) return false;
  read(manifest.directory)(manifest.verified)(manifest.closed_cleanly)(manifest.next_number);
  CheckpointInfo& checkpoint = manifest.checkpoint;
  if (!read.array(checkpoint_members)) return false;
  read(checkpoint.number)(checkpoint.bytes)(checkpoint.last_hash)(checkpoint.first_lsn)(
      checkpoint.last_lsn);
  std::uint32_t count = 0;
  if (!read.good() || !reader.read_array(count)) return false;
  for (std::uint32_t i = 0; i < count && read.array(segment_members); ++i) {
    SegmentInfo& segment = manifest.segments.emplace_back();
    read(segment.number)(segment.start)(segment.end)(segment.last_hash)(segment.first_lsn)(
        segment.last_lsn)(segment.compressed);
  }
  return read.good();
}

}  // namespace

std::string SegmentInfo::name() const {
  return numbered(number, compressed ? "segment.zst" : "segment");
}

std::string CheckpointInfo::name() const { return numbered(number, "checkpoint"); }

std::string encode_manifest(const Manifest& manifest) {
  const std::string members = encode_members(manifest);
  std::string bytes(frame_bytes, '\0');
  auto* out = reinterpret_cast<std::uint8_t*>(bytes.data());
  magic.copy(bytes.data(), magic.size());
  set_number(out + 8, format_number);
  set_number(out + 12, static_cast<std::uint32_t>(members.size()));
  const std::uint64_t seed = codec::hash_bytes(out, 16);
  set_number(out + 16, codec::hash_bytes(members.data(), members.size(), seed));
  return bytes + members;
}

Result<Manifest> decode_manifest(std::string_view bytes) {
  if (!bytes.starts_with(magic) || bytes.size() < frame_bytes) {
    return Error{ErrorCode::internal, "it is damaged, or not the manifest of a journal"};
  }
  const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto format = get_number<std::uint32_t>(in + 8);
  const std::string_view members = bytes.substr(frame_bytes);
  const std::uint64_t hash =
      codec::hash_bytes(members.data(), members.size(), codec::hash_bytes(in, 16));
  const bool unharmed = get_number<std::uint64_t>(in + 16) == hash &&
                        get_number<std::uint32_t>(in + 12) == members.size();
  if (format > format_number) {
    return Error{ErrorCode::bad_request, "the journal has format " + std::to_string(format) +
                                             "; this program reads up to " +
                                             std::to_string(format_number) + ": use a newer one"};
  }
  Manifest manifest;
  if (!unharmed || format == 0 || !decode_members(members, manifest)) {
    return Error{ErrorCode::internal, "it is damaged"};
  }
  const bool complete = !manifest.segments.empty() && !manifest.segments.back().closed();
  if (!complete) return Error{ErrorCode::internal, "it names no segment to write to"};
  return manifest;
}

Result<Manifest> read_manifest(FileSystem& files, const std::string& directory) {
  const std::string path = join_path(directory, manifest_name);
  auto bytes = read_file(files, path, max_manifest_bytes);
  if (!bytes) return bytes.error();
  auto manifest = decode_manifest(*bytes);
  if (!manifest) {
    return Error{manifest.error().code, path + ": " + manifest.error().detail};
  }
  return manifest;
}

Result<void> write_manifest(FileSystem& files, const std::string& directory,
                            const Manifest& manifest) {
  return replace_file(files, join_path(directory, manifest_name), encode_manifest(manifest));
}

}  // namespace syncline::journal_internal
