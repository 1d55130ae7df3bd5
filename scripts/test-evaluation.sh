#!/usr/bin/env bash
# The evaluation of infra/docker/compose.yaml with a real Keycloak: its files and its commands as they
# are, in two containers that share a network without a way out, and a browser in it. What held is kept in
# docs/results/evaluation.md.
#
# Keycloak's container is this machine's root folder, kept as it is: its own image cannot be had
# everywhere. Freehold's is made of the built program.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
# shellcheck source=checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
subject=evaluation
tools_rust
tools_python
tools_node
tools_browser
tools_keycloak
tools_podman
cargo build --locked

work=$(mktemp -d)
image=localhost/freehold:evaluation
keycloak_runs=freehold-evaluation-keycloak-$$
freehold_runs=freehold-evaluation-$$
stop() {
  local rc=$?
  if ((rc != 0)); then
    podman logs --tail 20 "$freehold_runs" >&2 || true
    podman exec "$keycloak_runs" tail -n 20 /tmp/said >&2 || true
  fi
  # The one that uses the other's network first.
  podman rm --force --time 5 --ignore "$freehold_runs" >/dev/null || true
  podman rm --force --time 1 --ignore "$keycloak_runs" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 143' TERM INT
TAG=$image scripts/image.sh "$CARGO_TARGET_DIR/$target/debug/freehold" >/dev/null

# told SERVICE: its command in compose.yaml, a word in each line.
told() {
  .tools/venv/bin/python -c 'import sys, yaml
print(*yaml.safe_load(open("infra/docker/compose.yaml"))["services"][sys.argv[1]]["command"], sep="\n")' "$1"
}

mapfile -t command < <(told freehold)
files=$root/infra/docker/evaluation

# Freehold comes first and finds no provider, as it may with `docker compose up`.
podman run --detach --name "$keycloak_runs" --network none --volume "$keycloak:/opt/keycloak:O" \
  --volume "$files/realm.json:/opt/keycloak/data/import/realm.json:ro" --volume "$root:$root:ro" --volume "$cache:$cache:ro" \
  --tmpfs /tmp:rw,notmpcopyup --rootfs /:O sleep infinity >/dev/null
podman run --detach --no-healthcheck --name "$freehold_runs" --network "container:$keycloak_runs" --read-only --cap-drop ALL \
  --security-opt no-new-privileges --volume "$files/freehold.toml:/etc/freehold/freehold.toml:ro" \
  --volume "$files/client-secret:/run/secrets/oidc-client-secret:ro" "$image" "${command[@]}" >/dev/null

inside() { podman exec "$keycloak_runs" "$@"; }
browser() { inside "$(command -v node)" "$root/tests/peers/evaluation.mjs" "$@"; }
check "Freehold starts without Keycloak" wait_for 60 inside curl -sSf http://localhost:8080/healthz
mapfile -t command < <(told keycloak)
podman exec --detach --env KC_HEALTH_ENABLED=true "$keycloak_runs" \
  sh -c 'exec /opt/keycloak/bin/kc.sh "$@" >/tmp/said 2>&1' sh "${command[@]}" >/dev/null
check "Keycloak starts and has the realm" \
  wait_for 240 inside curl -sSf http://localhost:8081/realms/evaluation/.well-known/openid-configuration
check "alice signs in at Keycloak's page, reads the audit trail, changes the inventory, signs out at both" browser alice 200 201
check "bob signs in and out; the audit trail is not for him, the inventory for reading" browser bob 403 403
check "carol signs in and out; the audit trail is not for her, the inventory is hers to change" browser carol 403 201

{
  printf '# The evaluation with a provider beside it\n\n'
  printf 'Written by "make conformance" on %s: Freehold %s, Keycloak %s, %s. Every line held.\n\n' "$(date -u +%F)" \
    "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)" "$keycloak_version" "$(chromium --version 2>/dev/null | cut -d' ' -f1,2)"
  cat "$work/held"
} >"$work/result"
counted
install -m 0644 "$work/result" docs/results/evaluation.md
