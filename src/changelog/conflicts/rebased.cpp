#include "changelog/conflicts/rebased.hpp"

#include <charconv>
#include <string_view>

#include "changelog/codec/record_format.hpp"
#include "changelog/codec/record_tail.hpp"

namespace syncline {
namespace {

std::optional<Dot> parse_dot(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Result<NodeId> origin = NodeId::parse(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  Dot dot;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), dot.seq);
  if (!origin || fault != std::errc{} || end != digits.data() + digits.size() || dot.seq == 0) {
    return std::nullopt;
  }
  dot.origin = *origin;
  return dot;
}

}  // namespace

std::string to_text(const Rebased& rebased) {
  std::string text = to_string(rebased.orphan);
  if (rebased.against) text += " " + to_string(*rebased.against);
  return text;
}

std::optional<Rebased> rebased_of(const ChangeView& change) {
  if (codec::is_plain_tail(change.tail)) return std::nullopt;
  const Metadata metadata = change.metadata();
  const auto found = metadata.find(codec::rebased_key);
  if (found == metadata.end()) return std::nullopt;
  const std::string_view text = found->second;
  const std::size_t space = text.find(' ');
  const std::optional<Dot> orphan = parse_dot(text.substr(0, space));
  if (!orphan) return std::nullopt;
  if (space == std::string_view::npos) return Rebased{*orphan, std::nullopt};
  const std::optional<Dot> against = parse_dot(text.substr(space + 1));
  if (!against) return std::nullopt;
  return Rebased{*orphan, against};
}

}  // namespace syncline
