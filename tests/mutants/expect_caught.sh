#!/bin/sh
# usage: expect_caught.sh <mutant> <doctest program> [word for the program]…
# Succeeds when the tests fail with the mutant switched on, by an assertion of theirs. A crash, an
# exception that no assertion expected, and a run without failures are all errors.
set -u

mutant=$1
program=$2
shift 2

output=$(SYNCLINE_MUTANT="$mutant" "$program" --abort-after=1 --no-colors=true "$@" 2>&1)
status=$?

summary=$(printf '%s\n' "$output" | grep '^\[doctest\] assertions:')
if [ "$status" -eq 1 ] && printf '%s\n' "$summary" | grep -q '| *[1-9][0-9]* failed |'; then
  printf '%s\n' "$output" | grep -m 1 'TEST CASE:'
  printf '%s\n' "$summary"
  exit 0
fi

printf '%s\n' "$output" | tail -n 40
if [ "$status" -eq 0 ]; then
  echo "the tests did not notice the mutant $mutant"
else
  echo "with the mutant $mutant the tests ended with status $status, not by a failed assertion"
fi
exit 1
