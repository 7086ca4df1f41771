#!/usr/bin/env python3
"""Puts sources together that can be compiled as one: batches.py <most in a batch> <file>...

Prints two lines for each, its batch and its name. Two sources share a batch only if neither uses a
word that the other one declares in an unnamed namespace, so that nothing clashes and no name is
hidden. One that defines a macro has a batch of its own: the macro would reach the others, or would
come too late for what they have included.
"""
import re
import sys

NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|^\s*#[^\n]*',
    re.S | re.M)
USE = re.compile(r'(?<![\w.:>])[A-Za-z_]\w*')
MACRO = re.compile(r'^\s*#\s*define\b', re.M)
TYPE = re.compile(r'(?:struct|class|union|enum(?:\s+class)?)\s+(\w+)|using\s+(\w+)\s*=')
HARMLESS = re.compile(r'using\b(?!\s+\w+\s*=)|namespace\b|[A-Z_]+\s*\(')  # Names of others; tests.
OTHER = re.compile(r'(\w+)\s*(?:\(|\[|=|$)')


def declared(statement):
    """The name that a statement of a namespace declares, if any."""
    statement = re.sub(r'^\s*template\s*<[^{;]*?>\s*(?=struct|class|\w+ )', '', statement).strip()
    statement = re.sub(r'\[\[.*?\]\]', '', statement)
    if HARMLESS.match(statement):
        return None
    found = TYPE.match(statement) or OTHER.search(statement)
    return found.group(found.lastindex) if found else None


def private_names(code):
    """What the unnamed namespaces of a source declare."""
    names = set()
    spaces = []  # For each brace that is open: does it open a namespace, and is it unnamed?
    statement = ''
    for part in re.split(r'([{};])', code):
        if part not in ('{', '}', ';'):
            statement += part
            continue
        at_namespace = all(is_space for is_space, _ in spaces)
        is_space = re.search(r'\bnamespace\b[\s\w:]*$', statement) is not None
        if at_namespace and any(unnamed for _, unnamed in spaces) and not is_space:
            names.add(declared(statement))
        if part == '{':
            spaces.append((is_space and at_namespace, is_space and statement.split()[-1] == 'namespace'))
        elif part == '}' and spaces:
            spaces.pop()
        statement = ''
    return names - {None}


def main():
    most = int(sys.argv[1])
    batches = []  # Each: files, words, private names.
    alone = []
    for file in sys.argv[2:]:
        with open(file, encoding='utf-8') as source:
            text = source.read()
        if MACRO.search(text):
            alone.append([file])
            continue
        code = NOT_CODE.sub(' ', text)
        words, names = set(USE.findall(code)), private_names(code)
        for files, their_words, their_names in batches:
            if len(files) < most and not (words & their_names) and not (their_words & names):
                files.append(file)
                their_words |= words
                their_names |= names
                break
        else:
            batches.append(([file], words, names))
    for number, files in enumerate([files for files, _, _ in batches] + alone):
        for file in files:
            print(f'batch_{number}\n{file}')


if __name__ == '__main__':
    main()
