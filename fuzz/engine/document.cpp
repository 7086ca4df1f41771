#include "engine/document.hpp"

#include <array>
#include <vector>

#include <nlohmann/json.hpp>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace syncline::fuzz {
namespace {

using nlohmann::json;

/// A value within a document, and what it is in.
struct Place {
  json* value;
  json* parent;  ///< null: the document itself
};

void collect(json& value, json* parent, std::vector<Place>& places) {
  places.push_back({&value, parent});
  if (!value.is_structured()) return;
  for (json& part : value) collect(part, &value, places);
}

json telling_value(std::minstd_rand& random) {
  static const std::array values{
      json(nullptr),
      json(true),
      json(0),
      json(1),
      json(-1),
      json(0xFFFF'FFFFU),
      json(std::uint64_t{1} << 53),
      json(~std::uint64_t{0}),
      json(1.5),
      json(""),
      json("\xC3\xA9"),
      json("6f1d2c3b-4a59-4e68-8796-95a4b3c2d1e0"),
      json("2026-11-20T12:00:00.123456Z-000"),
      json("00000000000000ff"),
      json::array(),
      json::object(),
      json::array({1, "00000000000000ff"}),
      json::binary({0x6F, 0x1D, 0x2C, 0x3B, 0x4A, 0x59, 0x4E, 0x68, 0x87, 0x96, 0x95, 0xA4, 0xB3,
                    0xC2, 0xD1, 0xE0}),
  };
  return values[random() % values.size()];
}

std::string mutated_bytes(std::string bytes) {
  constexpr std::size_t room = 16;
  const std::size_t size = bytes.size();
  bytes.resize(size + room);
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
  return bytes;
}

void change_value(json& value, std::minstd_rand& random) {
  if (value.is_string()) {
    value = mutated_bytes(value.get<std::string>());
  } else if (value.is_binary()) {
    const auto& binary = value.get_binary();
    const std::string bytes = mutated_bytes({binary.begin(), binary.end()});
    value = json::binary({bytes.begin(), bytes.end()});
  } else if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    const std::array others{number + 1, number - 1, number << (random() % 64), ~number};
    value = others[random() % others.size()];
  } else {
    value = telling_value(random);
  }
}

// Takes the value out of its parent.
void remove(const Place& place) {
  if (place.parent == nullptr) return;
  if (place.parent->is_array()) {
    place.parent->erase(static_cast<std::size_t>(place.value - &place.parent->front()));
    return;
  }
  for (auto member = place.parent->begin(); member != place.parent->end(); ++member) {
    if (&*member != place.value) continue;
    place.parent->erase(member);
    return;
  }
}

// The name of some member of the document.
std::string some_name(const std::vector<Place>& places, std::minstd_rand& random) {
  const Place& place = places[random() % places.size()];
  if (!place.value->is_object() || place.value->empty()) return "lsn";
  auto member = place.value->begin();
  std::advance(member, static_cast<std::ptrdiff_t>(random() % place.value->size()));
  return member.key();
}

void mutate(json& document, std::minstd_rand& random) {
  std::vector<Place> places;
  collect(document, nullptr, places);
  const Place& place = places[random() % places.size()];
  const json other = *places[random() % places.size()].value;
  switch (random() % 6) {
    case 0:
      return remove(place);
    case 1:
      *place.value = other;
      return;
    case 2:
      *place.value = telling_value(random);
      return;
    case 3:
      if (place.value->is_object()) {
        (*place.value)[some_name(places, random)] = other;
      } else if (place.value->is_array()) {
        place.value->push_back(place.value->empty() ? other : place.value->back());
      } else {
        change_value(*place.value, random);
      }
      return;
    default:
      return change_value(*place.value, random);
  }
}

}  // namespace

std::optional<std::string> mutate_document(std::string_view text, std::minstd_rand& random) {
  const bool is_text = text.starts_with('{') || text.starts_with('[');
  json document =
      is_text ? json::parse(text, nullptr, false) : json::from_msgpack(text, true, false);
  if (document.is_discarded()) return std::nullopt;
  for (std::size_t edits = 1 + random() % 3; edits > 0; --edits) mutate(document, random);
  if (is_text) return document.dump(-1, ' ', random() % 8 == 0, json::error_handler_t::replace);
  const std::vector<std::uint8_t> packed = json::to_msgpack(document);
  return std::string(packed.begin(), packed.end());
}

}  // namespace syncline::fuzz
