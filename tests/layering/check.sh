#!/bin/sh
# usage: check.sh [root]
# Checks that includes point down the layers only:
#
#   app -> http -> api -> sync -> tenant -> changelog
#   app -> node -> tenant
#          node -> journal -> changelog
#
# and that the core stays free of networking and threads. First it checks itself on a planted tree.
set -u

# Public headers lie flat in include/syncline. Those of the higher layers are named here; all others
# belong to the changelog.
journal_headers='file_journal|file_system|memory_files'
tenant_headers='tenant|plan|tenant_store'
node_headers='node|node_tools'
sync_headers='live_channel|replicator|sync_client|sync_progress|transport'
api_headers='local_transport'
http_headers='server'

failures=0

# forbid <what is wrong> <extended regular expression of what may not be included> <file or folder>…
forbid() {
  reason=$1
  pattern="^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)"
  shift 2
  found=$(grep -rnE --include='*.hpp' --include='*.cpp' --include='*.ipp' "$pattern" "$@" 2>/dev/null)
  if [ -n "$found" ]; then
    printf '%s:\n%s\n' "$reason" "$found"
    failures=$((failures + 1))
  fi
}

# public_headers <option of grep> <names joined by |>
public_headers() {
  find include/syncline -name '*.hpp' 2>/dev/null | grep "$1" "/($2)\.hpp\$"
}

check() {
  failures=0
  cd "$1" || exit 2
  network='boost/asio|boost/beast|sys/socket\.h|netinet/'
  threads='thread>|future>|stop_token>|pthread\.h'
  # What lies above each layer: private headers by whatever path, and public ones.
  above_http="([^\">]*/)?(app|node)/|syncline/($node_headers)\\.hpp"
  above_api="([^\">]*/)?http/|syncline/($http_headers)\\.hpp|$above_http"
  above_sync="([^\">]*/)?api/|syncline/($api_headers)\\.hpp|$above_api"
  above_both="([^\">]*/)?sync/|syncline/($sync_headers)\\.hpp|$above_sync"
  beside_tenant="([^\">]*/)?journal/|syncline/($journal_headers)\\.hpp"
  beside_journal="([^\">]*/)?tenant/|syncline/($tenant_headers)\\.hpp"
  above_node="([^\">]*/)?(app|http|api|sync)/|syncline/($http_headers|$api_headers|$sync_headers)\\.hpp"

  journal="src/journal $(public_headers -E "$journal_headers")"
  changelog="src/changelog $(public_headers -vE \
    "$journal_headers|$tenant_headers|$node_headers|$sync_headers|$api_headers|$http_headers")"
  tenant="src/tenant $(public_headers -E "$tenant_headers")"
  node="src/node $(public_headers -E "$node_headers")"
  sync="src/sync $(public_headers -E "$sync_headers")"
  api="src/api $(public_headers -E "$api_headers")"
  http="src/http $(public_headers -E "$http_headers")"
  # shellcheck disable=SC2086  # lists of paths without spaces
  {
    forbid 'the changelog includes a higher layer' "$beside_tenant|$beside_journal|$above_both" \
      $changelog
    forbid 'journal includes more than the changelog' "$beside_journal|$above_both" $journal
    forbid 'tenant includes more than the changelog' "$beside_tenant|$above_both" $tenant
    forbid 'node includes what is not below it' "$above_node" $node
    forbid 'sync includes a higher layer' "$above_sync" $sync
    forbid 'api includes a higher layer' "$above_api" $api
    forbid 'http includes a higher layer' "$above_http" $http
    forbid 'the core includes networking' "$network" $changelog $tenant $journal $node
    forbid 'the core includes threads' "$threads" $changelog $tenant
    forbid 'sync or api includes Beast' 'boost/beast' $sync $api
  }
  forbid 'a public header includes a private one' '([^">]*/)?(changelog|journal|tenant|node|sync|api|http|app)/' \
    include/syncline

  # Beast and Asio cost seconds in each file that includes them, so no shared header may.
  headers=$(find src include examples bench tests -name '*.hpp' -not -path 'src/http/*' 2>/dev/null)
  # shellcheck disable=SC2086
  [ -z "$headers" ] || forbid 'a header outside src/http includes Beast or Asio' \
    'boost/asio|boost/beast' $headers
}

# Every rule must find what is planted, and only that.
self_test() {
  tree=$(mktemp -d) || exit 2
  for folder in changelog/log journal tenant node sync api http app; do
    mkdir -p "$tree/src/$folder" || exit 2
  done
  mkdir -p "$tree/include/syncline"
  {
    echo '#include "changelog/rows.hpp"'
    echo '#include <boost/system/result.hpp>'
    echo '#include <mutex>'
  } >"$tree/src/changelog/log/good.cpp"
  echo '#include "syncline/tenant.hpp"' >"$tree/src/tenant/good.hpp"
  echo '#include "syncline/plan.hpp"' >"$tree/include/syncline/tenant.hpp"
  {
    echo '#include "syncline/file_journal.hpp"'
    echo '#include "syncline/tenant_store.hpp"'
    echo '#include "syncline/node_id.hpp"'
    echo '#include <thread>'
  } >"$tree/src/node/good.cpp"
  echo '#include "syncline/journal.hpp"' >"$tree/src/journal/good.cpp"
  echo '#include "syncline/file_system.hpp"' >"$tree/include/syncline/file_journal.hpp"
  echo '#include <boost/beast/http/message.hpp>' >"$tree/src/http/good.hpp"
  echo '#include <boost/asio/signal_set.hpp>' >"$tree/src/app/good.cpp"
  (check "$tree" && exit "$failures") || { echo 'self-test: a good tree fails'; exit 2; }

  plant() {
    echo "$2" >"$tree/$1"
    if (check "$tree" >"$tree/out" && exit "$failures"); then
      echo "self-test: not found in $1: $2"
      exit 2
    fi
    rm "$tree/$1"
  }
  plant src/changelog/log/bad.cpp '#include "tenant/quota.hpp"'
  plant src/changelog/log/bad.cpp '#include "../../sync/session.hpp"'
  plant src/changelog/bad.hpp '#include "syncline/tenant.hpp"'
  plant src/changelog/bad.cpp '#  include <boost/asio.hpp>'
  plant src/changelog/bad.cpp '#include <thread>'
  plant include/syncline/bad.hpp '#include "syncline/plan.hpp"'
  plant include/syncline/bad.hpp '#include "changelog/rows.hpp"'
  plant src/changelog/bad.cpp '#include "journal/format.hpp"'
  plant src/changelog/bad.cpp '#include "syncline/file_journal.hpp"'
  plant include/syncline/bad.hpp '#include "syncline/file_system.hpp"'
  plant src/journal/bad.cpp '#include "tenant/plan_limits.hpp"'
  plant src/journal/bad.cpp '#include "syncline/tenant_store.hpp"'
  plant src/journal/bad.cpp '#include "node/catalogue.hpp"'
  plant include/syncline/file_system.hpp '#include "syncline/tenant.hpp"'
  plant include/syncline/node.hpp '#include "node/catalogue.hpp"'
  plant include/syncline/node.hpp '#include "syncline/sync_client.hpp"'
  plant src/node/bad.cpp '#include "sync/hub.hpp"'
  plant src/node/bad.cpp '#include "syncline/server.hpp"'
  plant src/node/bad.cpp '#include <sys/socket.h>'
  plant src/tenant/bad.cpp '#include "http/server.hpp"'
  plant src/tenant/bad.cpp '#include "journal/manifest.hpp"'
  plant src/tenant/bad.cpp '#include "syncline/node.hpp"'
  plant include/syncline/tenant_store.hpp '#include "syncline/file_journal.hpp"'
  plant src/sync/bad.cpp '#include "syncline/local_transport.hpp"'
  plant src/sync/bad.cpp '#include "node/catalogue.hpp"'
  plant src/sync/bad.cpp '#include "app/serve.hpp"'
  plant src/sync/bad.cpp '#include <boost/beast/core.hpp>'
  plant src/sync/bad.hpp '#include <boost/asio/awaitable.hpp>'
  plant src/sync/bad.cpp '#include "syncline/server.hpp"'
  plant src/sync/bad.cpp '#include "api/api.hpp"'
  plant src/api/bad.cpp '#include "http/url.hpp"'
  plant src/api/bad.cpp '#include <boost/beast/core.hpp>'
  plant include/syncline/plan.hpp '#include "syncline/transport.hpp"'
  plant include/syncline/transport.hpp '#include "syncline/server.hpp"'
  plant include/syncline/transport.hpp '#include "http/server.hpp"'
  plant src/http/bad.cpp '#include "app/serve.hpp"'
  plant src/http/bad.cpp '#include "syncline/node.hpp"'
  plant src/api/bad.cpp '#include "syncline/node_tools.hpp"'
  plant include/syncline/local_transport.hpp '#include "syncline/server.hpp"'
  plant src/app/bad.hpp '#include <boost/asio/io_context.hpp>'
  rm -r "$tree"
}

root=${1:-$(dirname "$0")/../..}
(self_test) || exit 2
check "$root"
[ "$failures" -eq 0 ]
