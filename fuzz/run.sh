#!/usr/bin/env bash
# usage: run.sh run|check [target|all] [--minutes N]
# Runs fuzzers that are built, one after the other, each for its share of the time, and prints what
# each did. What they find goes to fuzz/findings/<target>, what else is new to build/fuzz/found.
# `check` only looks at the words. Ends with 1 if anything was found, with 2 for wrong words.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

fail() {
  printf 'fuzz: %s\n' "$@" >&2
  exit 2
}

mapfile -t all < <(sed -n 's/^syncline_add_fuzz_target(\([a-z_]*\) .*/\1/p' fuzz/CMakeLists.txt)
mode=${1:-run}
shift || true
chosen=("${all[@]}")
minutes=2
while (($#)); do
  case $1 in
    --minutes)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--minutes takes a number from 1, not '${2:-}'"
      minutes=$2
      shift
      ;;
    all) chosen=("${all[@]}") ;;
    canary) chosen=(canary) ;;
    *)
      [[ " ${all[*]} " == *" $1 "* ]] || fail "there is no target '$1'" "there are: ${all[*]} canary"
      chosen=("$1")
      ;;
  esac
  shift
done
[[ $mode == run ]] || exit 0

# The longest input of a target: longer ones say nothing that shorter ones do not, but slower.
longest() {
  case $1 in
    api | sync_client | live_* | restore) echo 16384 ;;
    *) echo 4096 ;;
  esac
}

seconds=$((minutes * 60 / ${#chosen[@]}))
((seconds > 0)) || seconds=1
found=0
printf '%-15s %12s %10s %9s %8s  %s\n' target executions per_second features seconds findings
for target in "${chosen[@]}"; do
  new=build/fuzz/found/$target
  findings=fuzz/findings/$target
  mkdir -p "$new" "$findings"
  log=build/fuzz/found/$target.log
  folders=("$new")
  for folder in "fuzz/corpus/$target" "build/fuzz/fuzz/seeds/$target"; do
    [[ ! -d $folder ]] || folders+=("$folder")
  done
  before=$(find "$findings" -type f | wc -l)
  touch "$log.begun"
  status=0
  # Ends at the first finding. A bomb that takes memory is one, and so is what takes seconds.
  UBSAN_OPTIONS=print_stacktrace=1 \
    "build/fuzz/fuzz/fuzz_$target" "-max_total_time=$seconds" "-max_len=$(longest "$target")" -timeout=10 -rss_limit_mb=2048 \
    -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix="$findings/" "${folders[@]}" \
    >"$log" 2>&1 || status=$?
  after=$(find "$findings" -type f | wc -l)
  # Of the last line of progress: "#123 REDUCE cov: 12 ft: 34 …".
  features=$(grep -oE 'ft: [0-9]+' "$log" | tail -1 | cut -d' ' -f2 || true)
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  spent=$(sed -nE 's/^Done [0-9]+ runs in ([0-9]+) second.*/\1/p' "$log")
  printf '%-15s %12s %10s %9s %8s  %s\n' "$target" "${executions:--}" "${rate:--}" \
    "${features:--}" "${spent:--}" "$((after - before))"
  if ((status != 0)); then
    found=1
    grep -m1 -E 'this does not hold|ERROR:|runtime error:' "$log" || tail -3 "$log"
    find "$findings" -type f -newer "$log.begun" | while IFS= read -r file; do
      echo "  replay: build/fuzz/fuzz/fuzz_$target $file"
      echo "  keep:   mv $file fuzz/corpus/$target/<a telling name>"
    done
  fi
done
exit "$found"
