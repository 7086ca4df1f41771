#include "engine/forms.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "engine/document.hpp"
#include "support/steps.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace syncline::fuzz {
namespace {

using Random = std::minstd_rand;

std::optional<std::string> mutate_selected(std::string_view input, Random& random) {
  if (input.empty()) return std::nullopt;
  const auto document = mutate_document(input.substr(1), random);
  if (!document) return std::nullopt;
  return input.front() + *document;
}

// Repeats, drops, or moves a step, or changes the document in one.
std::optional<std::string> mutate_steps(std::string_view input, Random& random) {
  std::vector<Step> steps = read_steps(bytes_of(input));
  if (steps.empty()) return std::nullopt;
  const std::size_t chosen = random() % steps.size();
  std::optional<std::string> document;
  switch (random() % 6) {
    case 0:
      steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(chosen));
      break;
    case 1: {
      const Step copy = steps[chosen];
      steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(random() % steps.size()), copy);
      break;
    }
    case 2:
      std::swap(steps[chosen], steps[random() % steps.size()]);
      break;
    default:
      document = mutate_document(text_of(steps[chosen].bytes), random);
      if (!document) return std::nullopt;
      steps[chosen].bytes = bytes_of(*document);
  }
  std::string out;
  for (const Step& step : steps) append_step(out, step.kind, text_of(step.bytes));
  return out;
}

// Changes the document that is the body of one request.
std::optional<std::string> mutate_requests(std::string_view input, Random& random) {
  std::vector<std::size_t> bodies;
  for (std::size_t at = input.find("\n\n"); at != std::string_view::npos;
       at = input.find("\n\n", at + 2)) {
    bodies.push_back(at + 2);
  }
  if (bodies.empty()) return std::nullopt;
  const std::size_t begin = bodies[random() % bodies.size()];
  const std::size_t end = std::min(input.find("\n%%\n", begin), input.size());
  const auto document = mutate_document(input.substr(begin, end - begin), random);
  if (!document) return std::nullopt;
  return std::string(input.substr(0, begin)) + *document + std::string(input.substr(end));
}

std::optional<std::string> mutate_form(Form form, std::string_view input, Random& random) {
  switch (form) {
    case Form::document:
      return mutate_document(input, random);
    case Form::selected:
      return mutate_selected(input, random);
    case Form::steps:
      return mutate_steps(input, random);
    case Form::requests:
      return mutate_requests(input, random);
    case Form::bytes:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::size_t mutate(Form form, std::uint8_t* data, std::size_t size, std::size_t max_size,
                   unsigned seed) {
  Random random(seed);
  if (form != Form::bytes && random() % 2 == 0) {
    const auto mutated = mutate_form(form, text_of({data, size}), random);
    if (mutated && mutated->size() <= max_size) {
      std::memcpy(data, mutated->data(), mutated->size());
      return mutated->size();
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}

}  // namespace syncline::fuzz
