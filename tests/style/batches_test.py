#!/usr/bin/env python3
"""What cmake/batches.py puts together: batches_test.py <root of the source tree>"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop()) / 'cmake' / 'batches.py'


class Batches(unittest.TestCase):
    def batches(self, *sources, most=8):
        """The batch of each source text, in order."""
        with tempfile.TemporaryDirectory() as folder:
            files = [pathlib.Path(folder) / f'{number}.cpp' for number in range(len(sources))]
            for file, source in zip(files, sources):
                file.write_text(source, encoding='utf-8')
            words = [sys.executable, SCRIPT, str(most), *files]
            lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split('\n')
        batch_of = dict(zip(lines[1::2], lines[0::2]))
        return [batch_of[str(file)].removeprefix('batch_') for file in files]

    def apart(self, one, other):
        return self.batches(one, other) == ['0', '1'] and self.batches(other, one) == ['0', '1']

    def test_sources_without_names_of_their_own_share_a_batch(self):
        self.assertEqual(self.batches('int a() {}', 'int b() { return a(); }'), ['0', '0'])

    def test_a_batch_has_an_upper_bound(self):
        self.assertEqual(self.batches(*['int a();'] * 5, most=2), ['0', '0', '1', '1', '2'])

    def test_the_same_private_name_of_any_kind_keeps_apart(self):
        for declaration in (
                'constexpr int mine = 3;', 'struct mine {};', 'struct mine : Base { int a; };',
                'int mine(int a) { return a; }', 'Map<int, Set<int>> mine(const Key& key);',
                'enum class mine : char { a };', 'template <class T>\nvoid mine(T a) { a(); }',
                'const char* const mine[] = {"a"};', 'std::string mine;', 'using mine = int;',
                '[[nodiscard]] bool mine() { return true; }', 'const Value mine{3};'):
            with self.subTest(declaration):
                source = f'namespace a {{ namespace {{\n{declaration}\n}} }}'
                self.assertTrue(self.apart(source, source))

    def test_a_use_of_what_is_private_elsewhere_keeps_apart(self):
        self.assertTrue(self.apart('namespace { int put(); }', 'int b() { return put(); }'))

    def test_members_and_text_are_no_uses(self):
        source = 'namespace { int put(); }'
        for other in ('a.put();', 'a->put();', 'a::put();', '// put', '/* put */', '"put \\" put"', 'R"(put)"'):
            with self.subTest(other):
                self.assertEqual(self.batches(source, f'void b() {{ {other}\n}}'), ['0', '0'])

    def test_names_inside_of_private_functions_and_types_do_not_count(self):
        source = 'namespace { struct A { int put; void f() { int put = 3; } }; }'
        self.assertEqual(self.batches(source, 'int b() { return put(); }'), ['0', '0'])

    def test_a_source_that_defines_a_macro_is_alone(self):
        other = 'int a();'
        self.assertEqual(self.batches('#define a b\n', other), ['1', '0'])
        self.assertEqual(self.batches(other, '#  define a b\n', other), ['0', '1', '0'])

    def test_cases_and_using_declarations_may_be_repeated(self):
        source = 'namespace { using std::string; TEST_CASE("a") { check(); } }'
        self.assertEqual(self.batches(source, source), ['0', '0'])


if __name__ == '__main__':
    unittest.main()
