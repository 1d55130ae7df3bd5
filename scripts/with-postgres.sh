#!/usr/bin/env bash
# Runs a command beside a PostgreSQL cluster of its own, made for it and thrown away after:
#
#   scripts/with-postgres.sh cargo test --test it
#
# The command finds FREEHOLD_TEST_BACKEND=postgres and FREEHOLD_TEST_POSTGRES=HOST:PORT:USER,
# and psql on its PATH. Loopback only. The cluster may lose data when the machine stops, which
# saves time; a test of durability needs one of its own.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
(($#)) || die "give the command to run beside PostgreSQL, for example: cargo test --test it"
tools_postgres
bin=$(postgres_bin)
folder=$(mktemp -d "${TMPDIR:-/tmp}/freehold-pg.XXXXXX")
port=$(free_port)

# PostgreSQL refuses to run as root.
owner=()
if ((EUID == 0)); then
  chown postgres "$folder"
  owner=(runuser -u postgres --)
fi
as_owner() { (cd "$folder" && "${owner[@]}" "$@"); }

stop() {
  as_owner "$bin/pg_ctl" --pgdata "$folder/data" --mode immediate --silent stop || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 143' TERM INT

as_owner "$bin/initdb" --pgdata "$folder/data" --username freehold --auth trust --encoding UTF8 \
  --locale C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
as_owner "$bin/pg_ctl" --pgdata "$folder/data" --silent --wait --log "$folder/log" start --options \
  "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=128MB" \
  || { cat "$folder/log" >&2; exit 1; }

export FREEHOLD_TEST_BACKEND=postgres FREEHOLD_TEST_POSTGRES=127.0.0.1:$port:freehold
PATH=$PATH:$bin "$@"
