#!/usr/bin/env python3
"""What share of the lines and branches of each folder the tests reach: table.py <summary of gcovr>

Prints a table by folder, and fails if a folder in REQUIRED stays below what is required of it.
"""
import json
import sys
from collections import defaultdict

# Percent of lines and of branches, by folder. The others are mostly sockets, processes and arguments,
# whose failures cannot all be had.
REQUIRED = {
    'src/changelog': (90, 80),
    'src/sync': (90, 80),
    'src/tenant': (90, 80),
}


class Count:
    """Lines and branches: how many there are and how many were reached."""

    def __init__(self):
        self.lines = self.lines_reached = self.branches = self.branches_reached = 0

    def add(self, file):
        self.lines += file['line_total']
        self.lines_reached += file['line_covered']
        self.branches += file['branch_total']
        self.branches_reached += file['branch_covered']

    def percent(self):
        def share(reached, total):
            return 100.0 * reached / total if total else 100.0

        return share(self.lines_reached, self.lines), share(self.branches_reached, self.branches)


def folder_of(name):
    parts = name.split('/')
    return '/'.join(parts[:2]) if parts[0] == 'src' else parts[0]


def row(name, count, required):
    lines, branches = count.percent()
    text = (f'{name:<16}{lines:7.1f} % {count.lines_reached:>7}/{count.lines:<7}'
            f'{branches:7.1f} % {count.branches_reached:>7}/{count.branches:<7}')
    if required:
        text += f' at least {required[0]} %, {required[1]} %'
        if lines < required[0] or branches < required[1]:
            return text + '  BELOW', False
    return text.rstrip(), True


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: table.py <file written by gcovr --json-summary>')
    with open(sys.argv[1], encoding='utf-8') as summary:
        files = json.load(summary)['files']
    folders, total = defaultdict(Count), Count()
    for file in files:
        folders[folder_of(file['filename'])].add(file)
        total.add(file)
    print(f'{"folder":<16}{"lines":>9}{"":>16}{"branches":>9}')
    enough = True
    for name in sorted(folders.keys() | REQUIRED.keys()):
        text, well = row(name, folders[name], REQUIRED.get(name))
        enough = enough and well and not (name in REQUIRED and not folders[name].lines)
        print(text)
    print(row('all', total, None)[0])
    sys.exit(0 if enough else 1)


if __name__ == '__main__':
    main()
