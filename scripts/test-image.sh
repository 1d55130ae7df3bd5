#!/usr/bin/env bash
# Runs the image as a careful administrator would, and asks it what the README promises.
#
#   scripts/test-image.sh [IMAGE]     default localhost/freehold:dev
#
# One line per check; the last line counts them. Exits 1 if one failed.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
# shellcheck source=checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
subject=image
tools_podman
image=${1:-localhost/freehold:dev}
name=freehold-test-$$
volume=$name-data
url=http://127.0.0.1:$(free_port)
work=$(mktemp -d)

tidy_up() {
  ((failed == 0)) || podman logs "$name" 2>&1 | tail -40 >&2
  podman rm --force --time 1 "$name" >/dev/null 2>&1 || true
  podman volume rm --force "$volume" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap tidy_up EXIT

# Without systemd there is nobody to run health checks on time; they are run by hand below.
hardened=(--read-only --read-only-tmpfs=false --cap-drop=ALL --user 65532
  --security-opt no-new-privileges --memory 256m --health-interval=disable)

unconfigured_explains_itself() {
  local rc=0
  podman run --rm "${hardened[@]}" "$image" >"$work/bare" 2>&1 || rc=$?
  cat "$work/bare"
  ((rc == 1)) && grep -qi -- '--evaluation' "$work/bare"
}

# The command of the README, with a volume that outlives the container and hardened.
start() {
  podman run --detach --name "$name" "${hardened[@]}" --volume "$volume:/data" \
    --publish "${url#http://}:8080" "$image" \
    serve --evaluation --evaluation-on-all-addresses --listen 0.0.0.0:8080
}

ready() { wait_for 20 curl -sSf "$url/readyz"; }

token() {
  podman exec "$name" /freehold token create --principal alice --scope caldav --create >"$work/token"
  cat "$work/token"
  grep -qoE 'fh_cal_[A-Za-z0-9]+' "$work/token"
}

# dav METHOD PATH [CURL ARGUMENT…]
dav() {
  local method=$1 path=$2
  shift 2
  curl -sS --fail-with-body --user "alice:$(grep -oE 'fh_cal_[A-Za-z0-9]+' "$work/token" | head -1)" \
    --request "$method" "$@" "$url/dav/calendars/alice/$path"
}

event() {
  printf '%s\r\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//Freehold//image-test//EN BEGIN:VEVENT \
    UID:image-test DTSTAMP:20260101T000000Z DTSTART:20260102T090000Z DTEND:20260102T100000Z \
    'SUMMARY:Kept across a restart' END:VEVENT END:VCALENDAR >"$work/event.ics"
}

put() {
  dav MKCALENDAR kept/ &&
    dav PUT kept/1.ics --data-binary "@$work/event.ics" --header 'Content-Type: text/calendar' \
      --header 'If-None-Match: *'
}

same_bytes() { dav GET kept/1.ics --output "$work/back.ics" && cmp "$work/event.ics" "$work/back.ics"; }

stops_cleanly() {
  local begun=$SECONDS
  podman stop --time 20 "$name" && echo "stopped after $((SECONDS - begun)) s" &&
    [[ $(podman inspect "$name" --format '{{.State.ExitCode}}') == 0 ]] && ((SECONDS - begun < 15))
}

two_builds_are_one() {
  local one two
  podman cp "$name:/freehold" "$work/freehold" &&
    one=$(FORMAT=oci TAG=localhost/freehold:once scripts/image.sh "$work/freehold" | tail -1) &&
    touch "$work/freehold" &&
    two=$(FORMAT=oci TAG=localhost/freehold:again scripts/image.sh "$work/freehold" | tail -1) &&
    echo "$one $two" && [[ -n $one && $one == "$two" ]]
}

event
check "without configuration it explains itself and exits 1" unconfigured_explains_itself
check "it starts read-only, without capabilities, as uid 65532, on a fresh volume" start
check "it answers /readyz" ready
check "its own health check agrees" podman healthcheck run "$name"
check "token create works beside the service" token
check "an object is stored" put
check "the object comes back byte for byte" same_bytes
check "it stops on SIGTERM with exit code 0" stops_cleanly
check "it starts again on the same volume" podman start "$name"
check "it is ready again" ready
check "the object is still there, byte for byte" same_bytes
check "two builds from one binary have the same id" two_builds_are_one
counted
