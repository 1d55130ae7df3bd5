#!/usr/bin/env bash
# Starts a PostgreSQL cluster of its own on a free loopback port, runs the command, stops it.
# The command finds it in FREEHOLD_TEST_POSTGRES=HOST:PORT:USER.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
folder=$(mktemp -d)
chmod 755 "$folder"
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$folder"; fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$folder"
as_postgres "$bin/initdb" -A trust -U freehold -D "$folder/data" --locale=C.UTF-8 -E UTF8 >"$folder/initdb.log"
as_postgres "$bin/pg_ctl" -D "$folder/data" -w -s -l "$folder/server.log" \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_connections=500" start
stop() { cd "$folder"; as_postgres "$bin/pg_ctl" -D "$folder/data" -s -m immediate stop || true; rm -rf "$folder"; }
trap stop EXIT
cd "$OLDPWD"
FREEHOLD_TEST_BACKEND=postgres FREEHOLD_TEST_POSTGRES="127.0.0.1:$port:freehold" "$@"
