#!/bin/sh
# usage: mutants.sh <program> <table> [--runs <number>] [--seed <number>] [mutant…]
#
# Runs the simulator with each of the mutants, or with all in the table, until an invariant breaks:
# in the world that the table names, with as many histories as it says, or with --runs, from --seed
# on (1); what has 0 there is left out without --runs. A history that fails without the fault as well
# proves nothing.
# Exit codes: 0 all were caught, 1 some were not, 2 it was called wrongly.
set -u

program=$1
table=$2
shift 2
runs=
seed=1
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    -*) echo "mutants.sh: unknown option $1" >&2; exit 2 ;;
    *) break ;;
  esac
done
if [ $# -eq 0 ]; then
  # shellcheck disable=SC2046  # names without spaces
  set -- $(awk -v all="$runs" '/^[a-z]/ && (all != "" || $3 > 0) { print $1 }' "$table")
fi

# member <name> <output>: what the simulator says behind "<name>: ".
member() { printf '%s\n' "$2" | sed -n "s/^$1: //p" | head -n 1; }

# Of the histories that fail with the mutant the first that passes without it counts.
try() {
  line=$(grep "^$1 " "$table") || { echo "mutants.sh: $1 is not in $table" >&2; exit 2; }
  # shellcheck disable=SC2086  # name, world, budget
  set -- $line
  left=${runs:-$3}
  next=$seed
  while [ "$left" -gt 0 ]; do
    output=$(SYNCLINE_MUTANT=$1 "$program" --world "$2" --seed "$next" --runs "$left" --no-shrink 2>&1)
    status=$?
    [ $status -ne 0 ] || break
    invariant=$(member invariant "$output")
    if [ $status -ne 1 ] || [ -z "$invariant" ]; then
      printf '%s\n' "$output" | tail -n 20
      echo "$1: the simulator ended with status $status in world $2, not by an invariant"
      return 1
    fi
    failed=$(member seed "$output")
    if "$program" --world "$2" --seed "$failed" --runs 1 --no-shrink >/dev/null 2>&1; then
      after=$((failed + 1 - seed))
      echo "$1: caught after $after histories in world $2 by invariant $invariant (seed $failed)"
      return 0
    fi
    left=$((left - failed - 1 + next))
    next=$((failed + 1))
  done
  echo "$1: NOT caught after ${runs:-$3} histories in world $2"
  return 1
}

missed=0
for mutant in "$@"; do
  try "$mutant" || missed=$((missed + 1))
done
[ $# -eq 1 ] || echo "$(($# - missed)) of $# mutants caught"
[ "$missed" -eq 0 ]
