#include "app/progress.hpp"

#include <sstream>

#include <doctest/doctest.h>

#include "app/text_width.hpp"

namespace {

using namespace syncline::app;
using Time = std::chrono::steady_clock::time_point;

Time now{};

TEST_CASE("a line shows the part that is done") {
  CHECK(progress_line("import", 50, 100, "bytes", 2.0, 0) ==
        "import [############............]  50 %  50 of 100 bytes  25/s");
  CHECK(progress_line("import", 200, 100, "bytes", 0, 0) ==
        "import [########################] 100 %  100 of 100 bytes");
  CHECK(progress_line("export", 1'500, 0, "rows", 0, 0) == "export  1,500 rows");
  CHECK(text_width(progress_line("import", 50, 100, "bytes", 2.0, 20)) == 20);
}

TEST_CASE("nothing is drawn where nobody looks") {
  std::ostringstream out;
  {
    Progress progress(out, Terminal{}, "import", "bytes", 10, [] { return now; });
    progress.update(5);
  }
  CHECK(out.str().empty());
}

TEST_CASE("a terminal is drawn to ten times a second and left clean") {
  std::ostringstream out;
  {
    Progress progress(out, Terminal{true, 80}, "import", "bytes", 10, [] { return now; });
    progress.update(1);
    const std::size_t first = out.str().size();
    CHECK(first > 0);
    progress.update(2);
    CHECK(out.str().size() == first);
    now += std::chrono::milliseconds(100);
    progress.update(3);
    CHECK(out.str().size() > first);
  }
  CHECK(out.str().ends_with("\r\x1b[K"));
}

}  // namespace
