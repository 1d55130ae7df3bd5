#!/usr/bin/env bash
# Runs the pod that the chart renders, with its ConfigMap and its claim, as `podman kube play` does:
# it becomes ready, keeps its data, makes a backup for the Job before an upgrade, and goes on elsewhere
# when its node is lost.
#
#   scripts/test-kube.sh [IMAGE]     default localhost/freehold:dev
#
# One line per check; the last line counts them. Exits 1 if one failed.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
# shellcheck source=checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
subject=kube
tools_podman
tools_helm
tools_python
needs openssl openssl
needs jq jq
image=${1:-localhost/freehold:dev}
release=kube-$$
pod=$release-freehold-0
container=$pod-freehold
claim=data-$pod
hook=$release-freehold-backup
look=look-$$
tls=$release-tls
port=$(free_port)
url=https://freehold.test:$port
work=$(mktemp -d)

tidy_up() {
  ((failed == 0)) || podman logs "$container" 2>&1 | tail -40 >&2
  local left
  for left in "$pod" "$pod-moved" "$hook" "$look-freehold-0"; do podman pod rm --force "$left" >/dev/null 2>&1 || true; done
  for left in "$claim" "$tls" "$release-freehold" "data-$look-freehold-0" "$look-freehold" tmp; do
    podman volume rm --force "$left" >/dev/null 2>&1 || true
  done
  podman secret rm "$tls" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap tidy_up EXIT

certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=freehold.test \
    -addext subjectAltName=DNS:freehold.test -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\ntype: kubernetes.io/tls\ndata: {tls.crt: %s, tls.key: %s}\n' \
    "$tls" "$(base64 -w0 "$work/tls.crt")" "$(base64 -w0 "$work/tls.key")" >"$work/secret.yaml"
}

values() {
  cat >"$work/values.yaml" <<END
image: {registry: localhost, tag: dev}
config:
  server: {public_url: "$url"}
  identity:
    providers: [{id: work, issuer: "https://login.example.org/realms/work", client_id: freehold}]
  backup: {to: "file:/tmp/backups"}
tls: {source: secret, secretName: $tls}
backup: {beforeUpgrade: true}
egress: [{host: login.example.org, port: 443, cidrs: [192.0.2.1/32]}]
END
}

# rendered [KUBE.PY ARGUMENT…]: what `podman kube play` takes.
rendered() {
  .tools/helm/4/helm template "$release" helm/freehold --values "$work/values.yaml" |
    .tools/venv/bin/python scripts/kube.py --image "$image" --port "$port" "$@"
}

# play [KUBE.PY ARGUMENT…]
play() {
  { rendered "$@" && echo --- && cat "$work/secret.yaml"; } >"$work/pod.yaml"
  podman kube play "$work/pod.yaml" 2>&1 && secret_decoded
}

# volume NAME: its folder on this machine.
volume() { podman volume inspect "$1" --format '{{.Mountpoint}}'; }

# podman 4 writes what a secret has as it stands in the file, in base64. The program takes new files
# without a restart, as from the kubelet.
secret_decoded() {
  local folder
  folder=$(volume "$tls") &&
    install -m 0440 -g 65532 "$work/tls.crt" "$work/tls.key" "$folder/"
}

# ask PATH [CURL ARGUMENT…]
ask() {
  local path=$1
  shift
  curl -sS --fail-with-body --max-time 5 --cacert "$work/tls.crt" --resolve "freehold.test:$port:127.0.0.1" "$@" "$url$path"
}
ready() { wait_for 60 ask /readyz; }

# probe KIND: asked as a kubelet asks, by the very probe of the pod.
probe() {
  local asked words
  asked=$(rendered | .tools/venv/bin/python -c "
import sys, yaml
pod = [one for one in yaml.safe_load_all(sys.stdin) if one['kind'] == 'Pod'][0]
asked = pod['spec']['containers'][0]['$1']
print(*(asked['exec']['command'] if 'exec' in asked else [asked['httpGet']['scheme'], asked['httpGet']['path']]))") || return 1
  case $asked in
    HTTPS\ *) ask "${asked#HTTPS }" ;;
    # The words of a command, none of which has a blank.
    /*) read -ra words <<<"$asked" && podman exec "$container" "${words[@]}" ;;
    *) return 1 ;;
  esac
}
probes_pass() { probe startupProbe && probe livenessProbe && probe readinessProbe; }

# With a certificate that ended nobody is answered, and a start would mend nothing; the next one is taken.
alive_without_certificate() {
  openssl x509 -in "$work/tls.crt" -signkey "$work/tls.key" -days -1 -out "$(volume "$tls")/tls.crt" &&
    wait_for 20 refused && probe startupProbe && probe livenessProbe && secret_decoded && ready
}
refused() { ! probe readinessProbe; }

restricted() {
  podman inspect "$container" >"$work/inspected" &&
    jq -e '.[0] | .HostConfig.ReadonlyRootfs and .Config.User == "65532:65532"
      and (.EffectiveCaps | length == 0) and (.HostConfig.SecurityOpt | index("no-new-privileges") != null)' "$work/inspected"
}

token() {
  podman exec "$container" /freehold token create --principal alice --scope caldav --create >"$work/token" &&
    grep -qoE 'fh_cal_[A-Za-z0-9]+' "$work/token"
}

# dav METHOD PATH [CURL ARGUMENT…]
dav() {
  local method=$1 path=$2
  shift 2
  ask "/dav/calendars/alice/$path" --request "$method" \
    --user "alice:$(grep -oE 'fh_cal_[A-Za-z0-9]+' "$work/token" | head -1)" "$@"
}

event() {
  printf '%s\r\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//Freehold//kube-test//EN BEGIN:VEVENT "UID:$1" \
    DTSTAMP:20260101T000000Z DTSTART:20260102T090000Z DTEND:20260102T100000Z "SUMMARY:Event $1" \
    END:VEVENT END:VCALENDAR >"$work/$1.ics"
}

# put NUMBER: stores event NUMBER.
put() {
  event "$1" && dav PUT "kept/$1.ics" --data-binary "@$work/$1.ics" --header 'Content-Type: text/calendar'
}
first_put() { dav MKCALENDAR kept/ && put 0; }
same_bytes() { dav GET "kept/$1.ics" --output "$work/back.ics" && cmp "$work/$1.ics" "$work/back.ics"; }

# asked_by_hook: plays the pod of the Job before an upgrade, beside the claim, to its end. What it says is
# in the file `hook`.
asked_by_hook() {
  local rc=0
  rendered --hook >"$work/hook.yaml" && podman kube play "$work/hook.yaml" 2>&1 || return 1
  [[ $(podman wait "$hook-backup") == 0 ]] || rc=1
  podman logs "$hook-backup" >"$work/hook" 2>&1
  podman inspect "$hook-backup" >"$work/inspected"
  podman pod rm --force "$hook" >/dev/null
  cat "$work/hook"
  return "$rc"
}

backup_before_upgrade() {
  install -d -m 0700 -o 65532 -g 65532 "$(volume tmp)/backups" && asked_by_hook &&
    jq -e '.[0] | .HostConfig.ReadonlyRootfs and .Config.User == "65532:65532" and (.EffectiveCaps | length == 0)
      and ([.Mounts[] | select(.Destination == "/data")] | length == 1 and (.[0].RW | not))' "$work/inspected" &&
    podman exec "$container" /freehold backup list --json >"$work/backups" &&
    jq -r .id "$work/backups" | grep -xF "$(cut -d' ' -f1 "$work/hook")"
}

# What the data folder holds, byte for byte.
sums() { (cd "$(volume "$claim")" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

# The service was killed, which leaves a socket and an open log of the database behind.
no_backup_without_service() {
  podman kill --signal KILL "$container" && podman wait "$container" && sums >"$work/before" || return 1
  ! asked_by_hook && grep 'no service answers at /data/admin.sock' "$work/hook" &&
    sums | cmp - "$work/before" && grep freehold.db-wal "$work/before"
}

helm_test_passes() {
  podman run --rm --network host "$image" healthcheck --url "https://127.0.0.1:$port"
}

says_its_ways_out() {
  podman exec "$container" /freehold egress --format json >"$work/egress" &&
    [[ $(jq -r '[.[] | select(.protocol != "dns") | "\(.host):\(.port)"] | join(" ")' "$work/egress") == login.example.org:443 ]]
}

deleted_and_played_again() {
  podman kube down "$work/pod.yaml" 2>&1 && podman volume exists "$claim" &&
    podman volume rm --force "$tls" "$release-freehold" && podman secret rm "$tls" &&
    play --kept
}

# Writes as fast as it can, in the background; what was acknowledged is in the file `acknowledged`.
writing() {
  local number=1
  while put "$number" >/dev/null 2>&1; do
    echo "$number" >>"$work/acknowledged"
    number=$((number + 1))
  done
}

# The node is gone: its process ends without a word, and the claim goes to a pod of another name.
node_lost() {
  local begun writer
  : >"$work/acknowledged"
  writing &
  writer=$!
  wait_for 30 enough_written || return 1
  podman kill --signal KILL "$container" && begun=$(date +%s%N)
  wait "$writer"
  podman pod rm --force --time 0 "$pod" 2>&1
  podman volume rm --force "$tls" "$release-freehold" && podman secret rm "$tls" &&
    play --kept --name "$pod-moved" || return 1
  container=$pod-moved-freehold
  wait_for 60 put after || return 1
  echo "note: writes work again $((($(date +%s%N) - begun) / 1000000)) ms after the process was lost"
}
enough_written() { (($(wc -l <"$work/acknowledged") >= 20)); }

nothing_lost() {
  local number
  while read -r number; do same_bytes "$number" || return 1; done <"$work/acknowledged"
  echo "note: all $(wc -l <"$work/acknowledged") writes that were acknowledged before are there"
}

# The file for a look, as it is.
evaluation() {
  .tools/helm/4/helm template "$look" helm/freehold --values helm/freehold/examples/evaluation.yaml |
    .tools/venv/bin/python scripts/kube.py --image "$image" >"$work/look.yaml"
  podman kube play "$work/look.yaml" 2>&1 &&
    wait_for 60 podman exec "$look-freehold-0-freehold" /freehold healthcheck &&
    podman logs "$look-freehold-0-freehold" 2>&1 | grep /auth/link/
}

certificate
values
check "examples/evaluation.yaml: ready by its own probe, and the log has the link that signs in" evaluation
check "the pod of the rendered StatefulSet starts, with ConfigMap, secret and claim" play
check "it becomes ready over TLS" ready
check "startup, liveness and readiness probes of the pod pass" probes_pass
check "with a certificate that ended it is not ready, but alive, until the next one is there" alive_without_certificate
check "it runs as uid 65532, read-only, without capabilities" restricted
check "what \`helm test\` runs passes" helm_test_passes
check "it says the ways out that the values open" says_its_ways_out
check "token create works beside the service" token
check "an object is stored" first_put
check "the Job before an upgrade has it make a backup, from a second pod that can only read the claim" backup_before_upgrade
check "deleted and played again with the claim that stayed" deleted_and_played_again
check "it is ready again" ready
check "the object is still there, byte for byte" same_bytes 0
check "its node is lost under a write load, and a second pod takes the claim" node_lost
check "nothing that was acknowledged is lost" nothing_lost
check "without a running service that Job fails, says why, and leaves every file as it was" no_backup_without_service
counted
