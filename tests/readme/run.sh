#!/usr/bin/env bash
# Runs all ```sh blocks of a README in order, in one shell, in a folder that looks like the project's,
# against a program that was built before.
#
# usage: run.sh <README.md> <program>
set -euo pipefail

readme=$(realpath "$1")
program=$(realpath "$2")
project=$(dirname "$readme")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/build/release"
ln -s "$program" "$scratch/build/release/syncline"

# In place of ./dev: this test is run by `./dev test`, and the program is there already.
cat >"$scratch/dev" <<DEV
#!/usr/bin/env bash
set -euo pipefail
"$project/dev" help | grep -qE "^  \$1 " || { echo "no such command: ./dev \$1" >&2; exit 2; }
case \$1 in
  demo | serve) exec "$program" "\$@" ;;
esac
DEV
chmod +x "$scratch/dev"

# The README names the usual port. Here it may be taken, so that a free one is put in its place.
free_port() {
  local port
  for port in $(shuf -i 20000-32000 -n 50); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  return 1
}
port=$(free_port)

# A program that the machine lacks must not make the rest fail, nor go unnoticed.
prelude=$(
  cat <<'PRELUDE'
set -euo pipefail
trap '[[ -z ${server:-} ]] || kill "$server" 2>/dev/null || true' EXIT
if command -v curl >/dev/null; then
  curl() { command curl --fail-with-body --max-time 20 "$@"; }
else
  curl() { echo "left out, for curl is not installed: curl $*"; }
fi
PRELUDE
)
blocks=$(awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$readme")
[[ -n $blocks ]] || { echo "there are no commands in $readme" >&2; exit 1; }

cd "$scratch"
# `timeout` ends the server as well, should something hang.
timeout --kill-after=5 150 bash -x -c "$prelude"$'\n'"${blocks//8437/$port}"
