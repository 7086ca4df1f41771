#include "app/suggest.hpp"

#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace syncline::app;

const std::vector<std::string> commands{"serve", "tenant", "put", "get", "conflicts", "changes"};

TEST_CASE("edit distance counts insertions, deletions, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("put", "put") == 0);
  CHECK(edit_distance("PUT", "put") == 0);
  CHECK(edit_distance("", "put") == 3);
  CHECK(edit_distance("tennant", "tenant") == 1);
  CHECK(edit_distance("tnant", "tenant") == 1);
  CHECK(edit_distance("tenamt", "tenant") == 1);
  CHECK(edit_distance("teannt", "tenant") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("a near word is suggested, a far one is not") {
  CHECK(suggest("tennant", commands) == "tenant");
  CHECK(suggest("ptu", commands) == "put");
  CHECK(suggest("conf", commands) == "conflicts");
  CHECK(suggest("elephant", commands).empty());
  CHECK(suggest("", commands).empty());
  CHECK(suggest(std::string(10'000, 'a'), commands).empty());
}

TEST_CASE("the clause is a clause or nothing") {
  CHECK(suggestion_clause("tennant", commands) == "; did you mean 'tenant'?");
  CHECK(suggestion_clause("elephant", commands).empty());
}

}  // namespace
