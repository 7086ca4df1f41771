#include "changelog/replica/context.hpp"

#include <algorithm>
#include <cstring>

#include "changelog/codec/record_writer.hpp"
#include "changelog/mutation.hpp"

namespace syncline {
namespace {

/// One entry of a context whose node's bytes stay where they are.
struct Seen {
  const std::uint8_t* node;
  Sequence seq;
};
using SeenList = boost::container::small_vector<Seen, 8>;

void raise(SeenList& list, const std::uint8_t* node, Sequence seq) {
  const auto at = std::lower_bound(list.begin(), list.end(), node,
                                   [](const Seen& seen, const std::uint8_t* wanted) {
                                     return std::memcmp(seen.node, wanted, NodeId::size_bytes) < 0;
                                   });
  if (at != list.end() && std::memcmp(at->node, node, NodeId::size_bytes) == 0) {
    at->seq = std::max(at->seq, seq);
  } else {
    list.insert(at, {node, seq});
  }
}

}  // namespace

ContextView build_context(std::span<const ChangeView> heads, const VectorClock* stable,
                          ContextBuffer& buffer) {
  if (heads.empty()) return {};
  SeenList list;
  const auto add = [&](const std::uint8_t* node, Sequence seq) {
    using Bytes = std::span<const std::uint8_t, NodeId::size_bytes>;
    const bool covered =
        stable != nullptr && seq <= stable->get(NodeId(Bytes(node, NodeId::size_bytes)));
    if (!covered) raise(list, node, seq);
  };
  for (const ChangeView& head : heads) {
    head.context.for_each(add);
    add(head.dot.origin.data(), head.dot.seq);
  }
  if (mutated(Mutation::context_of_two) && list.size() > 2) list.erase(list.begin());
  buffer.resize(list.size() * codec::max_context_entry_bytes, boost::container::default_init);
  std::uint8_t* end = buffer.data();
  for (const Seen& seen : list) end = codec::write_context_entry(end, seen.node, seen.seq);
  return {buffer.data(), static_cast<std::uint32_t>(end - buffer.data()),
          static_cast<std::uint32_t>(list.size())};
}

}  // namespace syncline
