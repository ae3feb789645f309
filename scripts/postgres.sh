#!/usr/bin/env bash
# A private PostgreSQL with pgvector in a temporary folder, reached by a unix socket alone.
#
#   scripts/postgres.sh check           exit 0 where it can run, else a reason on stderr and exit 3
#   scripts/postgres.sh start           prints FOLDER and URL, each on a line of its own
#   scripts/postgres.sh stop FOLDER     stops it and removes the folder
#
# Runs as whoever calls it. Root, as whom PostgreSQL refuses to run, hands it to the user `postgres`.
# Settings after `--` go to the server: scripts/postgres.sh start -- -c shared_buffers=1GB
set -euo pipefail

say() { echo "postgres: $*" >&2; }

bin() {
  local newest
  newest=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1)
  [ -n "$newest" ] || newest=$(command -v initdb || true)
  [ -z "$newest" ] || dirname "$(readlink -f "$newest")"
}

as_owner() { # of the cluster
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

check() {
  BIN=$(bin)
  [ -n "$BIN" ] || { say 'initdb is not installed; run scripts/install-postgres.sh.'; exit 3; }
  local share
  share=$("$BIN/pg_config" --sharedir 2>/dev/null || echo "/usr/share/postgresql/$(basename "$(dirname "$BIN")")")
  [ -e "$share/extension/vector.control" ] ||
    { say "pgvector is not installed for $BIN; run scripts/install-postgres.sh."; exit 3; }
}

start() {
  check
  local folder options
  folder=$(mktemp -d "${TMPDIR:-/tmp}/cairn-pg.XXXXXX")
  chmod 700 "$folder"
  [ "$(id -u)" != 0 ] || chown postgres: "$folder"
  # No network at all, and nobody but the owner (and root) can enter the folder with the socket: so no password.
  as_owner "$BIN/initdb" -D "$folder/data" -U cairn -E UTF8 --locale=C --auth-local=trust --auth-host=reject \
    --no-instructions >"$folder/initdb.log"
  options="-k $folder -c listen_addresses='' $*"
  if ! as_owner "$BIN/pg_ctl" -D "$folder/data" -l "$folder/log" -o "$options" -w -t 60 start >/dev/null; then
    cat "$folder/log" >&2
    rm -rf "$folder"
    exit 1
  fi
  as_owner "$BIN/createdb" -h "$folder" -U cairn cairn
  echo "$folder"
  echo "postgres://cairn@/cairn?host=$folder"
}

stop() {
  BIN=$(bin)
  local folder=$1
  case $folder in */cairn-pg.*) ;; *) say "$folder was not made by this script."; exit 2 ;; esac
  [ -d "$folder/data" ] || { say "$folder is not there."; exit 2; }
  as_owner "$BIN/pg_ctl" -D "$folder/data" -m fast -w stop >/dev/null || true
  rm -rf "$folder"
}

command=${1:-}
shift || true
case $command in
  check) check ;;
  start) [ "${1:-}" != -- ] || shift; start "$@" ;;
  stop) stop "${1:?folder}" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
