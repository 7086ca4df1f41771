// Looking at rows and origins, for the other files of this folder.

#include <algorithm>
#include <cstdio>

#include "changelog/codec/hash.hpp"
#include "changelog/replica/impl.hpp"

namespace syncline {

RowLookup Replica::Impl::look_up(const RowKey& key) const {
  RowLookup row;
  row.slot = contents->rows.find(key.tag, key.table, key.row_id, row.visible);
  row.known = row.slot != nullptr;
  if (row.known && row.slot->parted()) {
    const PartedRow& parted = contents->rows.parted(*row.slot);
    row.known = !parted.heads.empty();
    if (row.known) row.visible = contents->storage().front(parted.visible);
  }
  return row;
}

Heads Replica::Impl::heads_of(const RowLookup& row) const {
  Heads heads;
  if (!row.known) return heads;
  if (!row.slot->parted()) {
    heads.push_back(contents->storage().view(row.slot->head()));
    return heads;
  }
  for (const Lsn lsn : contents->rows.parted(*row.slot).heads) {
    heads.push_back(contents->storage().view(lsn));
  }
  std::sort(heads.begin(), heads.end(), [](const ChangeView& left, const ChangeView& right) {
    return dated_before(right, left);
  });
  return heads;
}

Row Replica::Impl::row_of(const RowLookup& row, const LogReader& reader) const {
  Row shown{reader, std::nullopt, 0, {}};
  if (!row.known) return shown;
  shown.lsn = row.slot->parted() ? contents->rows.parted(*row.slot).visible : row.slot->head();
  shown.winner = contents->storage().view(shown.lsn);
  if (!row.slot->parted()) return shown;
  const PartedRow& parted = contents->rows.parted(*row.slot);
  if (parted.heads.size() > 1) {
    const Heads heads = heads_of(row);
    shown.siblings.assign(heads.begin(), heads.end());
  }
  return shown;
}

OriginProgress* Replica::Impl::progress(const NodeId& origin) const {
  const auto found = contents->origins.find(origin);
  return found == contents->origins.end() ? nullptr : found->second.get();
}

bool Replica::Impl::holds(const Dot& dot) const {
  const OriginProgress* origin = progress(dot.origin);
  if (origin == nullptr) return false;
  if (dot.seq <= origin->summary) return true;
  if (dot.seq > origin->in_log) return false;
  const Storage& storage = contents->storage();
  const Lsn lsn = storage.find(dot, storage.appended());
  return lsn != 0 && storage.view(lsn).dot == dot;
}

VectorClock Replica::Impl::summary() const {
  std::vector<VectorClock::Entry> entries;
  entries.reserve(contents->origins.size());
  for (const auto& [id, origin] : contents->origins) entries.push_back({id, origin->summary});
  std::sort(entries.begin(), entries.end(),
            [](const auto& left, const auto& right) { return left.node < right.node; });
  VectorClock held;
  for (const VectorClock::Entry& entry : entries) held.set(entry.node, entry.seq);
  return held;
}

RowToken token_of_heads(std::span<const ChangeView> heads) {
  std::vector<Dot> dots;
  for (const ChangeView& head : heads) dots.push_back(head.dot);
  std::sort(dots.begin(), dots.end());
  std::uint64_t hash = 0x53796E636C696E65;  // of no heads: any constant, and always the same
  for (const Dot& dot : dots) {
    hash = codec::hash_bytes(dot.origin.data(), NodeId::size_bytes, hash);
    hash = codec::hash_bytes(&dot.seq, sizeof dot.seq, hash);
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace syncline
