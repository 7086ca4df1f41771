#!/bin/sh
# usage: coroutine_temporaries.sh [root]
# Finds lambdas and braced temporaries in full expressions that contain co_await. g++ 12.2 destroys
# them twice; make a named local and move it in. First it checks itself on planted samples.
set -u

here=$(cd "$(dirname "$0")" && pwd)

scan() {
  awk -v file="$1" -f "$here/coroutine_temporaries.awk" "$1"
}

# Samples are statements in a coroutine's body.
sample() {
  printf 'namespace n {\nawaitable<void> f(int a) {\n%s\n}\n}\n' "$1" >"$scratch/sample.cpp"
  scan "$scratch/sample.cpp" >/dev/null
}

bad() {
  if sample "$1"; then
    echo "self-test: not found: $1"
    exit 2
  fi
}

good() {
  if ! sample "$1"; then
    echo "self-test: wrongly found: $1"
    exit 2
  fi
}

self_test() {
  bad 'co_await g({});'
  bad 'co_await g(Options{.limit = 1});'
  bad 'auto x = co_await g(std::vector<int>{1, 2});'
  bad 'co_return co_await g({a, 1});'
  bad 'if (co_await g({})) { h(); }'
  bad 'while (!(co_await g(Options{}))) h();'
  bad 'co_await g([a] { return a; });'
  bad 'co_await g([&](int b) -> int { h(); return b; }, 1);'
  bad 'co_await co_spawn(e, [a]() -> awaitable<void> { co_return; }, use_awaitable);'
  bad 'h([] { return 1; }, co_await g());'
  bad 'auto x = Options{.limit = co_await g()};'
  bad 'co_await (g({}) || timer.async_wait(use_awaitable));'
  bad 'for (auto x : co_await g([] { return 1; })) { h(x); }'
  bad "$(printf 'co_await g(1,\n  Options{\n    .limit = 2,\n  });')"
  bad 'try { co_await g({}); } catch (const E& e) { h(); }'
  bad 'auto l = [a]() -> awaitable<void> { co_await g({}); };'

  good 'Options options{.limit = 1}; co_await g(std::move(options));'
  good 'const Options options = {1}; co_await g(options);'
  good 'auto l = [a] { return a; }; co_await g(l);'
  good 'auto l = [a]() -> awaitable<void> { co_await g(); }; co_await l();'
  good 'co_spawn(e, [a]() -> awaitable<void> { co_await g(a); }, detached);'
  good 'const int x{co_await g()};'
  good 'const std::string x{co_await g()};'
  good 'h({}); co_await g(); h([] {});'
  good 'if (a) { co_await g(); } else { h({}); }'
  good 'while (true) { co_await g(v[0], v[a]); h({1}); }'
  good 'for (int i = 0; i < 2; ++i) { co_await g(i); }'
  good '[[maybe_unused]] const auto x = co_await g();'
  good '// co_await g({});'
  good 'h("co_await g({});"); /* co_await g({}) */ h({});'
  good 'try { co_await g(); } catch (const E& e) { h({}); }'
  good 'struct S { int x{}; }; co_await g();'
  good 'switch (a) { case 1: co_await g(); break; default: h({}); }'
}

scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
self_test

cd "${1:-$here/../..}" || exit 2
status=0
for file in $(grep -rlE --include='*.cpp' --include='*.hpp' --include='*.ipp' 'co_await|co_yield' \
  include src tests examples bench 2>/dev/null); do
  scan "$file" || status=1
done
exit $status
