#!/usr/bin/env bash
# Starts what the ARM template gives a machine: a real systemd as process 1 in a container whose
# root is an overlay of this machine's own, the files and commands of the rendered cloud-init, the
# program fetched from Azurite with a token of a double of the metadata service, a data disk that
# comes late. The container has no network but its own loopback.
#
#   scripts/test-machine.sh [PROGRAM]     default: the release build
#
# With IMAGE=localhost/freehold:dev the program has to be the very one of that image. One line per
# check; the last line counts them. Exits 1 if one failed, 77 where it cannot run.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
# shellcheck source=checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
subject=machine
tools_podman
tools_machine
tools_node
tools_python
program=${1:-}
if [[ -z $program ]]; then
  tools_rust
  program=$CARGO_TARGET_DIR/$target/release/freehold
fi
[[ -x $program ]] || die "no program at $program: build it, or give its path."
if ((EUID != 0)) || ! losetup --find >/dev/null 2>&1; then
  echo "the machine needs the superuser and a loop device"
  exit 77
fi

name=freehold-machine-$$
work=$(mktemp -d -p "$cache")
loops=() foreign='' random='' blank=''
tidy_up() {
  ((failed == 0)) || podman exec "$name" journalctl --no-pager --lines 60 >&2 || true
  podman rm --force --time 5 "$name" >/dev/null 2>&1 || true
  for loop in "${loops[@]}"; do losetup --detach "$loop" || true; done
  rm -rf "$work"
}
trap tidy_up EXIT

inside() { podman exec "$name" "$@"; }
sha() { sha256sum "$1" | cut -d' ' -f1; }
# disk NAME: an empty file of 64 MiB as a block device, whose name is put into that variable.
disk() {
  truncate --size 64M "$work/$1"
  local loop
  loop=$(losetup --find --show "$work/$1")
  loops+=("$loop")
  printf -v "$1" %s "$loop"
}
# attach DEVICE: it appears at LUN 0, as Azure's udev rules would link it.
attach() { inside sh -c "mkdir -p /dev/disk/azure/data/by-lun && ln -sfn $1 /dev/disk/azure/data/by-lun/0"; }
state() { inside systemctl show --property "$2" --value "$1"; }
is() { [[ $(state "$1" "$2") == "$3" ]]; }
# What a unit wrote, all of it: the journal is behind what ended, and who closes a pipe early fails it.
journal() { inside journalctl --sync && inside journalctl --no-pager --output cat --unit "$1"; }
said() { journal "$1" >"$work/journal" && grep -qF -- "$2" "$work/journal"; }

# ask SHA256 [SETTING [SHA256 of a collector]]: userData as the template makes it, with a certificate and keys in files.
ask() {
  cat >"$work/config.toml" <<EOF
[server]
listen = ["*:443"]
public_url = "https://localhost"
[server.tls]
certificate = "/machine/tls.crt"
key = "/machine/tls.key"
[store]
data = "/var/lib/freehold/data"
[[identity.providers]]
id = "entra"
type = "entra"
tenants = ["72f988bf-86f1-41af-91ab-2d7cd011db47"]
client_id = "6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10"
[log]
format = "json"
${2:-}
EOF
  /usr/bin/python3 - "$1" "$work/config.toml" "${3:-}" >"$work/metadata/user-data" <<'EOF'
import json, sys
def program(unit, sha256, **more):
    blob = f"https://127.0.0.1:10000/devstoreaccount1/packages/{unit}-{sha256}"
    return {"unit": unit, "package": blob, "sha256": sha256, **more}
programs = [program("freehold", sys.argv[1], config=open(sys.argv[2], encoding="utf-8").read())]
if sys.argv[3]:
    programs.append(program("freehold-collector", sys.argv[3], config="# none", environment="ROLE=collector\n"))
print(json.dumps({"identity": "6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10", "programs": programs}))
EOF
}

prepare() {
  mkdir "$work/system" "$work/metadata" "$work/blobs"
  # Nothing of this machine's own starts, and nothing changes its kernel.
  printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' >"$work/system/multi-user.target"
  local unit
  for unit in sysctl modules-load binfmt udevd udev-trigger remount-fs; do
    ln -s /dev/null "$work/system/systemd-$unit.service"
  done
  install -m 0755 "$program" "$work/first"
  # Another program that does the same: what follows an ELF's last section is not loaded.
  { cat "$program" && echo "the next version"; } >"$work/second"
  chmod 0755 "$work/second"
  first=$(sha "$work/first") second=$(sha "$work/second")
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  chmod 0644 "$work/tls.key"
  chmod 0755 "$work"
  cp "$root/tests/peers/machine.py" "$work/"
  /usr/bin/python3 - "$root/bicep/params/single-westeurope.snapshot.json" >"$work/cloud-init.yaml" <<'EOF'
import base64, json, sys
for resource in json.load(open(sys.argv[1], encoding="utf-8"))["predictedResources"]:
    if resource["type"] == "Microsoft.Compute/virtualMachines":
        sys.stdout.write(base64.b64decode(resource["properties"]["osProfile"]["customData"]).decode())
EOF
  ask "$first"
}

# A clone or a cache below /tmp would be hidden by the container's own /tmp. Podman would copy what
# is in /run into its own, and with it the container's own layers.
boot() {
  local volumes=(--volume "$work:/machine" --volume "$work/system:/etc/systemd/system")
  volumes+=(--volume "$root:$root:ro" --volume "$cache:$cache:ro")
  podman run --detach --name "$name" --privileged --systemd always --network none \
    --ulimit nofile=20000:20000 --ulimit nproc=32768:32768 --env container=podman \
    --tmpfs /run:rw,notmpcopyup,mode=0755 --tmpfs /run/lock:rw,notmpcopyup --tmpfs /tmp:rw,notmpcopyup \
    --tmpfs /var/log/journal:rw,notmpcopyup "${volumes[@]}" \
    --rootfs /:O /usr/lib/systemd/systemd --unit=multi-user.target >/dev/null
  wait_for 60 inside systemctl is-active multi-user.target
  inside mkdir -p /opt /var/lib/freehold
  inside ip address add 169.254.169.254/32 dev lo
  inside systemd-run --quiet --unit metadata /usr/bin/python3 /machine/machine.py metadata /machine/metadata
  inside systemd-run --quiet --unit azurite "$(command -v node)" \
    "$(readlink -f "$root/tests/peers/node_modules")/azurite/dist/src/blob/main.js" --silent --disableTelemetry \
    --skipApiVersionCheck --oauth basic --cert /machine/tls.crt --key /machine/tls.key \
    --location /machine/blobs --blobHost 127.0.0.1 --blobPort 10000
  # The one thing that is not as on the machine: whom it trusts for Azurite's certificate.
  mkdir -p "$work/system/freehold-fetch.service.d"
  printf '[Service]\nEnvironment=SSL_CERT_FILE=/machine/tls.crt\n' >"$work/system/freehold-fetch.service.d/trust.conf"
}
is_process_1() { [[ $(inside cat /proc/1/comm) == systemd ]] && inside systemctl --version; }
cloud_init() {
  inside env PYTHONPATH="$(readlink -f "$root/.tools/cloud-init")/usr/lib/python3/dist-packages" \
    /usr/bin/python3 /machine/machine.py cloud-init /machine/cloud-init.yaml
}
upload() { inside env SSL_CERT_FILE=/machine/tls.crt /usr/bin/python3 /machine/machine.py upload "$1" "$2"; }
# rest: nothing is fetched until somebody asks. The unit tries again 30 s after it failed; a run that began
# before userData was changed would be taken for the one that is asked for.
rest() { inside systemctl stop freehold-fetch.timer freehold-fetch.service; }
fetch() { rest && inside systemctl start freehold-fetch.service; }
nothing_installed() { ! inside test -e /opt/freehold/current && [[ -z $(inside sh -c 'ls -A /opt/freehold/releases 2>/dev/null') ]]; }

waits_for_a_disk() {
  wait_for 30 said freehold-data-disk "no data disk at LUN 0 yet" &&
    is freehold-data-disk ActiveState activating && ! is freehold ActiveState active
}
waits_for_a_program() {
  wait_for 60 said freehold-fetch "404" && said freehold-fetch "the program is not uploaded yet" &&
    wait_for 20 is freehold-fetch SubState auto-restart && nothing_installed
}
waits_for_a_role() {
  touch "$work/metadata/no-role"
  { fetch || true; } && said freehold-fetch "the role Storage Blob Data Reader is not in effect yet" && nothing_installed
  local rc=$?
  rm "$work/metadata/no-role"
  return $rc
}
sends_no_token_in_the_clear() {
  local before
  rest
  before=$(wc -l <"$work/metadata/tokens")
  sed -i 's|https://127|http://127|' "$work/metadata/user-data"
  { fetch || true; } && said freehold-fetch "is no https address" && [[ $(wc -l <"$work/metadata/tokens") == "$before" ]] && nothing_installed
  local rc=$?
  ask "$first"
  return $rc
}
starts_at_every_boot() { inside systemctl is-enabled freehold.service freehold-fetch.timer freehold-data-disk.service; }
refuses_another_checksum() {
  upload /machine/second "freehold-$first" && { fetch || true; } &&
    said freehold-fetch "wanted is $first" && nothing_installed
}
is_installed() { [[ $(inside sha256sum /opt/freehold/current/freehold | cut -d' ' -f1) == "$1" ]]; }
installs() { fetch && is_installed "$first"; }
asked_rightly() {
  local resource=resource=https%3A%2F%2Fstorage.azure.com%2F client=client_id=6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10
  cat "$work/metadata/tokens"
  grep -q "$resource" "$work/metadata/tokens" && grep -q "$client" "$work/metadata/tokens" &&
    [[ $(inside curl -s -o /dev/null -w '%{http_code}' "http://169.254.169.254/metadata/identity/oauth2/token") == 400 ]]
}
refuses_disk() {
  local before
  before=$(sha256sum "$1")
  attach "$1"
  inside systemctl restart freehold-data-disk.service || true
  said freehold-data-disk "$2" && is freehold-data-disk ExecMainStatus 65 && is freehold-data-disk ActiveState failed &&
    [[ $(sha256sum "$1") == "$before" ]] && ! inside mountpoint --quiet /var/lib/freehold
}
takes_a_late_disk() {
  inside rm /dev/disk/azure/data/by-lun/0
  inside systemctl restart --no-block freehold-data-disk.service
  wait_for 20 is freehold-data-disk SubState auto-restart || return 1
  attach "$blank"
  echo "note: the disk came $((SECONDS - begun)) s after the start" >&3
  # Nobody does anything: the unit tries again and starts the service.
  wait_for 60 is freehold ActiveState active && [[ $(blkid --probe --match-tag LABEL --output value "$blank") == freehold ]]
}
mounted_strictly() {
  local options
  options=$(inside findmnt --noheadings --output OPTIONS /var/lib/freehold)
  echo "$options"
  for option in nodev nosuid noexec noatime; do [[ ,$options, == *,$option,* ]] || return 1; done
}
answers() { wait_for 30 inside curl -sSf --cacert /machine/tls.crt https://localhost/healthz; }
runs_as_nobody_else() {
  local id
  id=$(state freehold MainPID)
  inside grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$id/status"
  inside grep -Eq '^Uid:\s+65532\s+65532\s' "/proc/$id/status" && inside grep -q '^CapBnd:.0000000000000400$' "/proc/$id/status" &&
    inside grep -Eq '^NoNewPrivs:\s+1' "/proc/$id/status" && inside grep -Eq '^Seccomp:\s+2' "/proc/$id/status"
}
exposure() { inside systemd-analyze security --no-pager --threshold=20 freehold.service >"$work/exposure" || { cat "$work/exposure"; return 1; }; }
# The sandbox of the service with a program that tries to write everywhere; Python needs to be executable.
writes_only_its_data() {
  sed -e 's|^ExecStart=.*|ExecStart=/usr/bin/python3 /machine/machine.py probe /var/lib/freehold/data|' \
    -e 's|^Type=.*|Type=oneshot|' -e '/^Restart=/d' -e '/^NoExecPaths=/d' -e '/^ExecPaths=/d' -e '/^\[Install\]/,$d' -e '/^ConditionPathExists=/d' \
    "$work/system/freehold.service" >"$work/system/probe.service"
  inside systemctl daemon-reload
  inside systemctl start probe.service || true
  journal probe
  said probe "Finished probe.service" && ! said probe "Failed with result"
}
keeps_an_event() {
  secret=$(inside setpriv --reuid 65532 --regid 65532 --clear-groups /opt/freehold/current/freehold token create \
    --config /opt/freehold/current/freehold.toml --principal alice --scope caldav --create | grep -oE 'fh_cal_[A-Za-z0-9]+' | head -1)
  [[ -n $secret ]] || return 1
  printf '%s\r\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//Freehold//machine-test//EN BEGIN:VEVENT UID:machine-test \
    DTSTAMP:20260101T000000Z DTSTART:20260102T090000Z DTEND:20260102T100000Z SUMMARY:Kept END:VEVENT END:VCALENDAR >"$work/event.ics"
  dav kept/ --request MKCALENDAR && dav kept/1.ics --request PUT --data-binary @/machine/event.ics --header 'Content-Type: text/calendar'
}
dav() {
  local path=$1
  shift
  inside curl -sSf --cacert /machine/tls.crt --user "alice:$secret" "$@" "https://localhost/dav/calendars/alice/$path"
}
still_there() { answers && dav kept/1.ics >"$work/back.ics" && cmp "$work/event.ics" "$work/back.ics"; }
does_nothing_twice() {
  local id tokens
  id=$(state freehold MainPID) tokens=$(wc -l <"$work/metadata/tokens")
  fetch && [[ $(state freehold MainPID) == "$id" && $(wc -l <"$work/metadata/tokens") == "$tokens" ]]
}
refuses_a_setting() {
  local id
  id=$(state freehold MainPID)
  ask "$first" $'[no_such_section]\nkey = 1'
  { fetch || true; } && said freehold-fetch "the program refuses the configuration" &&
    [[ $(state freehold MainPID) == "$id" ]] && [[ $(inside sh -c 'ls -A /opt/freehold/releases' | wc -l) == 1 ]]
}
running() { [[ $(inside sha256sum "/proc/$(state freehold MainPID)/exe" | cut -d' ' -f1) == "$1" ]]; }
upgrades() { ask "$second" && upload /machine/second "freehold-$second" && fetch && wait_for 30 running "$second" && still_there; }
goes_back() {
  inside /usr/local/sbin/freehold-fetch back && wait_for 30 running "$first" && still_there && fetch &&
    said freehold-fetch "is held back" && running "$first"
}
# Of the collectors that can be had here none sends to Azure Monitor, so another one stands in, started
# by its own arguments: it is fetched, checked, and runs in the sandbox of the unit. Unlike that one it
# is not static, so its libraries have to be executable.
collects() {
  local rotel sum
  rotel=$(find "$root/.tools/venv/lib/" -path '*/rotel/rotel-agent' | head -1)
  cp "$rotel" "$work/collector"
  sum=$(sha "$work/collector")
  mkdir -p "$work/system/freehold-collector.service.d"
  cat >"$work/system/freehold-collector.service.d/stand-in.conf" <<EOF
[Service]
ExecPaths=/usr/lib
ExecStart=
ExecStart=/opt/freehold-collector/current/freehold-collector start --otlp-grpc-endpoint 127.0.0.1:4317 --otlp-http-endpoint 127.0.0.1:4318 --exporter blackhole --debug-log traces --debug-log metrics --debug-log logs
EOF
  inside systemctl daemon-reload
  upload /machine/collector "freehold-collector-$sum"
  ask "$first" $'[telemetry]\notlp_endpoint = "http://127.0.0.1:4318"\nsample_percent = 100' "$sum"
  fetch && wait_for 30 is freehold-collector ActiveState active && wait_for 30 running "$first" && answers &&
    [[ $(inside sha256sum /opt/freehold-collector/current/freehold-collector | cut -d' ' -f1) == "$sum" ]] &&
    wait_for 90 said freehold-collector "Received metrics."
  local rc=$?
  journal freehold-collector | tail -5
  return $rc
}
stops_cleanly() { running "$first" && inside systemctl stop freehold.service && is freehold Result success && is freehold ExecMainStatus 0; }
is_of_the_image() {
  local made of_image
  made=$(podman create "$IMAGE")
  podman cp "$made:/freehold" "$work/of-image"
  podman rm "$made" >/dev/null
  of_image=$(sha "$work/of-image")
  echo "note: machine $first, image $of_image" >&3
  [[ $of_image == "$first" ]]
}

exec 3>&1
prepare
disk foreign && disk random && disk blank
mkfs.ext4 -q -L somebodys "$foreign"
dd if=/dev/urandom of="$random" bs=1M count=2 conv=notrunc status=none
begun=$SECONDS
boot
check "systemd is process 1" is_process_1
check "cloud-init's own code installs the files and does the commands of the rendered template" cloud_init
check "without a disk it looks again and again, and the service waits" waits_for_a_disk
check "a program that is not uploaded yet is waited for" waits_for_a_program
check "all of it starts at every boot" starts_at_every_boot
check "a role that is not in effect yet is waited for" waits_for_a_role
check "no token goes to an address without TLS" sends_no_token_in_the_clear
check "a program with another sha256 is refused, and nothing is installed" refuses_another_checksum
upload /machine/first "freehold-$first"
check "the program comes from Azurite and has the sha256 that userData names" installs
check "the token was asked for with the header, the client id and the resource; others get none" asked_rightly
check "a disk with somebody's file system is refused and not changed" refuses_disk "$foreign" "label 'somebodys'"
check "a disk with bytes that nobody knows is refused and not changed" refuses_disk "$random" "is not blank"
check "a blank disk that comes late is formatted and mounted, and the service starts by itself" takes_a_late_disk
check "the disk is mounted nodev, nosuid, noexec, noatime" mounted_strictly
check "it answers over TLS on port 443" answers
check "it runs as 65532 with one capability, no new privileges and a filter of system calls" runs_as_nobody_else
check "its exposure is at most 2.0 (systemd-analyze security)" exposure
check "in its sandbox its data folder is writable and nothing else" writes_only_its_data
check "an event is kept" keeps_an_event
check "asked again, it fetches nothing and restarts nothing" does_nothing_twice
check "settings that the program refuses change nothing" refuses_a_setting
check "another program is fetched and runs, with the same data" upgrades
check "back to the program before, with the same data, and it stays there" goes_back
check "a collector beside it is fetched likewise, and hears it" collects
check "it stops with exit code 0" stops_cleanly
echo "note: exposure of freehold.service: $(grep -oE '[0-9]+\.[0-9]+ [A-Z]+' "$work/exposure" | tail -1)"
if [[ -n ${IMAGE:-} ]]; then
  check "it is the very program of the image $IMAGE" is_of_the_image
else
  echo "note: the program of the machine has sha256 $first"
fi
counted
