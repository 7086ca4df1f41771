#!/usr/bin/env bash
# Checks that what the project's documents point to is there: files by relative links, and laws by
# the names of their tests.
#
# usage: documents.sh <project>
set -euo pipefail
cd "$1"

failures=0
documents=$(find . -name '*.md' -not -path './build/*' -not -path './.*' | sort)
for document in $documents; do
  # Inline links, without those to other hosts and to places in the same document.
  targets=$(tr '\n' ' ' <"$document" | grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\(//; s/\)$//; s/#.*//' |
    grep -vE '^([a-z]+:|$)' || true)
  for target in $targets; do
    [[ -e $(dirname "$document")/$target ]] && continue
    echo "$document: there is no $target"
    failures=$((failures + 1))
  done
done

while IFS= read -r name; do
  grep -rqF "TEST_CASE(\"$name\"" tests/laws && continue
  echo "docs/conflict-model.md: there is no test \"$name\""
  failures=$((failures + 1))
done < <(grep -oE '`(clocks|merge|operations|simulation|voids): [^`]*`' docs/conflict-model.md |
  tr -d '`' | grep -v '…' | sort -u)
((failures == 0))
