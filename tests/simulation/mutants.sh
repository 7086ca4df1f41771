#!/bin/sh
# usage: mutants.sh <program> <table> [--runs <number>] [--seed <number>] [mutant…]
#
# Runs the simulator with each of the mutants, or with all in the table, until an invariant breaks:
# in the world that the table names, with as many histories as it says, or with --runs, from --seed
# on (1). A history that fails without the fault as well proves nothing, so it has to pass then.
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
[ $# -gt 0 ] || set -- $(sed -n 's/^\([a-z_]*\) .*/\1/p' "$table")

# member <name> <output>: what the simulator says behind "<name>: ".
member() { printf '%s\n' "$2" | sed -n "s/^$1: //p" | head -n 1; }

try() {
  line=$(grep "^$1 " "$table") || { echo "$1: not in $table" >&2; exit 2; }
  # shellcheck disable=SC2086  # name, world, budget
  set -- $line
  output=$(SYNCLINE_MUTANT=$1 "$program" --world "$2" --seed "$seed" --runs "${runs:-$3}" \
    --no-shrink 2>&1)
  status=$?
  invariant=$(member invariant "$output")
  if [ $status -eq 1 ] && [ -n "$invariant" ]; then
    if ! "$program" --world "$2" --seed "$(member seed "$output")" --runs 1 --no-shrink >/dev/null; then
      echo "$1: history $(member seed "$output") of world $2 fails without it as well"
      return 1
    fi
    echo "$1: caught after $(member histories "$output") histories in world $2 by $invariant"
    return 0
  fi
  if [ $status -eq 0 ]; then
    echo "$1: NOT caught after ${runs:-$3} histories in world $2"
  else
    printf '%s\n' "$output" | tail -n 20
    echo "$1: the simulator ended with status $status in world $2, not by an invariant"
  fi
  return 1
}

missed=0
for mutant in "$@"; do
  try "$mutant" || missed=$((missed + 1))
done
[ $# -eq 1 ] || echo "$(($# - missed)) of $# mutants caught"
[ "$missed" -eq 0 ]
