#!/usr/bin/env bash
# keep-schema.sh PROGRAM: keeps a data folder of PROGRAM's schema, with sample data, for tests/it/upgrade.rs.
#
# Run it with the program of a commit before that commit's successor changes the schema. It writes
# tests/fixtures/upgrade/STEP/, where STEP is the last step of the schema:
#   data/           the folder: freehold.db, and keys/
#   settings.toml   settings as they were written then
#   users           handle and personal token, one pair a line; they are good for nothing but this folder
#   answers/        what GET answered, by path; bodies that are JSON end in .json
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:?usage: scripts/keep-schema.sh PROGRAM}")
work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

cat >"$work/settings.toml" <<'TOML'
[server]
listen = ["127.0.0.1:0"]
drain_secs = 5

[store]
backend = "sqlite"

[calendar]
default_timezone = "Europe/Berlin"

[log]
level = "info"
TOML

start() {
  : >"$work/said"
  "$program" serve --evaluation --sample --config "$work/settings.toml" --data "$work/data" \
    >"$work/said" 2>&1 &
  pid=$!
  for _ in $(seq 600); do
    url=$(sed -n 's|.*\(http://[0-9.:]*\)/auth/link/.*|\1|p' "$work/said" | head -1)
    [[ -z $url ]] || return 0
    kill -0 "$pid" 2>/dev/null || { cat "$work/said" >&2; exit 1; }
    sleep 0.1
  done
  echo "$program does not start" >&2
  exit 1
}

stop() {
  kill "$pid"
  wait "$pid"
  pid=
}

token() {
  "$program" token create --create --principal "$1" --scope "$2" \
    --config "$work/settings.toml" --data "$work/data" 2>/dev/null
}

# ask USER TOKEN METHOD PATH [CURL-OPTION…]
ask() {
  local user=$1 secret=$2 method=$3 path=$4
  shift 4
  curl -sS --fail-with-body -X "$method" -u "$user:$secret" "$@" "$url$path"
}

start
alice=$(token alice caldav)
admin=$(token admin caldav)
api=$(token admin api)
printf '%s\n' "alice $alice" "admin $admin" "api $api" >"$work/users"
ask alice "$alice" MKCALENDAR /dav/calendars/alice/work/ >/dev/null
for number in $(seq 1 40); do
  rule=
  (( number % 4 )) || rule=$'RRULE:FREQ=WEEKLY;COUNT=10\r\n'
  printf 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//kept//EN\r\nBEGIN:VEVENT\r\nUID:kept-%s\r\nDTSTAMP:20261120T080000Z\r\nDTSTART;TZID=Europe/Berlin:202703%02dT090000\r\nDURATION:PT1H\r\n%sSUMMARY:Kept %s – für später\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n' \
    "$number" "$((number % 28 + 1))" "$rule" "$number" >"$work/event.ics"
  ask alice "$alice" PUT "/dav/calendars/alice/work/$number.ics" \
    -H 'Content-Type: text/calendar; charset=utf-8' --data-binary "@$work/event.ics" >/dev/null
done
ask alice "$alice" DELETE /dav/calendars/alice/work/40.ics >/dev/null

keep() { mkdir -p "$work/answers/$(dirname "$1")"; cat >"$work/answers/$1"; }
for calendar in alice/work admin/work admin/personal admin/bookings; do
  user=${calendar%/*}
  secret=$alice
  [[ $user == alice ]] || secret=$admin
  ask "$user" "$secret" PROPFIND "/dav/calendars/$calendar/" -H 'Depth: 1' |
    grep -o "/dav/calendars/$calendar/[^<]*\.ics" | sort -u >"$work/members"
  while read -r path; do
    ask "$user" "$secret" GET "$path" | keep "$user${path}"
  done <"$work/members"
done
for path in items places item-types; do
  curl -sS --fail-with-body -H "Authorization: Bearer $api" "$url/api/v1/$path" | keep "api/api/v1/$path.json"
done
stop

step=$(python3 - "$work/data/freehold.db" <<'PY'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
print(database.execute("SELECT MAX(name) FROM schema_migration").fetchone()[0])
PY
)
to=tests/fixtures/upgrade/$step
rm -rf "$to"
mkdir -p "$to"
rm -rf "$work/data/lock" "$work/data/admin.sock" "$work/data/backup" "$work"/data/*-wal "$work"/data/*-shm \
  "$work"/data/keys/*-wal "$work"/data/keys/*-shm "$work"/data/before-*
cp -r "$work/data" "$work/settings.toml" "$work/users" "$work/answers" "$to/"
chmod -R u+rwX,go+rX "$to"
echo "$to: $(find "$to/answers" -type f | wc -l) answers, $(du -sh "$to" | cut -f1)"
