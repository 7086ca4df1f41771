#include "samples.hpp"

#include <algorithm>
#include <array>

namespace syncline::samples {
namespace {

using Generator = std::mt19937_64;

std::uint64_t below(Generator& random, std::uint64_t end) { return random() % end; }

// Numbers of all sizes that JSON can tell, and at least 1.
std::uint64_t any_number(Generator& random) {
  return std::max<std::uint64_t>(1, (random() >> 11) >> below(random, 53));
}

std::string any_text(Generator& random, std::size_t most) {
  constexpr std::array<std::string_view, 10> pieces = {
      "a",        "row-17",
      "\"",       "\\",
      "\n",       std::string_view("\0", 1),
      "\xC3\xA9", "\xF0\x9F\x98\x80",
      "\x7F",     "                                "};
  std::string text(pieces[below(random, pieces.size())]);
  const std::size_t size = below(random, 8) == 0 ? most : below(random, 40);
  while (text.size() + 32 <= std::min(most, size + 32)) {
    text += pieces[below(random, pieces.size())];
  }
  return text;
}

std::string any_json(Generator& random) {
  constexpr std::array<std::string_view, 7> values = {
      "null", "[1, 2.50,-0e-3 ]",    "{}", "\"\\u00e9\\ud83d\\ude00\"", "{\"a\" : {\"b\":[[]]}}",
      "true", "12345678901234567890"};
  std::string text(values[below(random, values.size())]);
  if (below(random, 10) == 0) {
    text = "[\"" + std::string(below(random, 70'000), 'x') + "\"," + text + "]";
  }
  return text;
}

void add_payload(Generator& random, Change& change) {
  switch (below(random, 3)) {
    case 0:
      change.format = PayloadFormat::json;
      change.data = any_json(random);
      break;
    case 1:
      change.format = PayloadFormat::msgpack;
      change.data = "\x92\xA1x\xC3";
      break;
    default:
      change.format = PayloadFormat::bytes;
      change.data = any_text(random, 300);
      break;
  }
}

NodeId any_node(Generator& random) {
  std::array<std::uint8_t, NodeId::size_bytes> bytes{};
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return NodeId(std::span<const std::uint8_t, NodeId::size_bytes>(bytes));
}

void add_tail(Generator& random, Change& change) {
  if (below(random, 4) == 0) {
    const auto count = static_cast<std::uint32_t>(1 + below(random, 1000));
    change.transaction = TransactionPart{any_number(random),
                                         static_cast<std::uint32_t>(below(random, count)), count};
  }
  if (below(random, 4) == 0) {
    for (std::uint64_t i = below(random, 32); i > 0; --i) {
      change.metadata.emplace(any_text(random, 200), any_text(random, 500));
    }
  }
  if (below(random, 10) == 0) {
    change.metadata.emplace("stub", "1");
    while (change.metadata.size() > 32) change.metadata.erase(change.metadata.begin());
    change.data = "8 bytes.";
  }
}

}  // namespace

Change random_change(Generator& random) {
  Change change;
  change.dot = {any_node(random), any_number(random)};
  change.hlc.value = std::max<std::uint64_t>(1, random() >> below(random, 64));
  change.operation = static_cast<Operation>(below(random, 5));
  const bool marker = change.operation == Operation::stable;
  if (!marker) {
    change.table = any_text(random, 255);
    change.row_id = any_text(random, 1024);
  }
  for (std::uint64_t i = below(random, 20); i > 0 && below(random, 2) == 0; --i) {
    change.context.set(any_node(random), any_number(random));
  }
  if (change.dot.seq > 1 && below(random, 2) == 0) {
    change.context.set(change.dot.origin, change.dot.seq - 1);
  }
  change.stable = marker || below(random, 2) == 0 ? any_number(random) : 0;
  if (change.operation == Operation::insert || change.operation == Operation::update) {
    add_payload(random, change);
  }
  add_tail(random, change);
  return change;
}

}  // namespace syncline::samples
