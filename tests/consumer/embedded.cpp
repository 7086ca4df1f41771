// Links the core of an installed Syncline alone, and writes and reads a row.
#include <syncline/replica.hpp>

int main() {
  const auto replica = syncline::Replica::open({}).value();
  replica->put("t", "1", syncline::Payload::json("{}")).value();
  return replica->get("t", "1").exists() ? 0 : 1;
}
