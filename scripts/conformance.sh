#!/usr/bin/env bash
# A real Keycloak with a login page, the built program over TLS, and a browser between them. What
# held is kept in docs/results/conformance.md. Both run on free loopback ports and end with this.
#
# Keycloak comes from its Maven artefact the first time (170 MB), into the user's cache.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
tools_node
tools_browser
tools_keycloak
needs openssl openssl
cargo build --locked

work=$(mktemp -d)
issuer=http://127.0.0.1:$(free_port)
origin=https://localhost:$(free_port)
started=()
stop() {
  local rc=$? process
  for process in "${started[@]}"; do kill -TERM -- "-$process" 2>/dev/null || true; done
  wait || true
  ((rc == 0)) || tail -n 40 "$work"/*.log >&2
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 143' TERM INT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 60 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
openssl rand -hex 24 >"$work/secret"

# Keycloak sends logout tokens to us, so it has to trust the certificate.
JAVA_OPTS_KC_HEAP='-Xms64m -Xmx768m' KC_BOOTSTRAP_ADMIN_USERNAME=operator KC_BOOTSTRAP_ADMIN_PASSWORD=$(<"$work/secret") \
  setsid "$keycloak/bin/kc.sh" start --optimized --cache=local --http-enabled=true --http-host=127.0.0.1 \
  --http-port="${issuer##*:}" --hostname="$issuer" --truststore-paths="$work/tls.crt" >"$work/keycloak.log" 2>&1 &
started+=($!)

# The file that operators start from, with what has to be replaced in it.
sed -e "s|https://calendar.example.org|$origin|" -e "s|https://login.example.org|$issuer|" \
  -e "s|/run/secrets/oidc-client-secret|$work/secret|" -e 's|^#\(\[identity.providers.role_groups\]\)|\1|' \
  -e 's|^#member = .*|member = ["everybody"]\ncustodian = ["stores"]\nadministrator = ["it"]|' \
  config/providers/keycloak.toml >"$work/freehold.toml"
FREEHOLD__SERVER__LISTEN=127.0.0.1:${origin##*:} FREEHOLD__SERVER__TLS__CERTIFICATE=$work/tls.crt \
  FREEHOLD__SERVER__TLS__KEY=$work/tls.key FREEHOLD__STORE__DATA=$work/data FREEHOLD__IDENTITY__SESSION_CHECK_SECS=3 \
  setsid "$CARGO_TARGET_DIR/$target/debug/freehold" serve --config "$work/freehold.toml" >"$work/freehold.log" 2>&1 &
started+=($!)
wait_for 60 curl -sSf --cacert "$work/tls.crt" "$origin/readyz" || die "Freehold is not ready"
wait_for 180 curl -sSf "$issuer/realms/master" || die "Keycloak is not ready"

ORIGIN=$origin ISSUER=$issuer SECRET=$(<"$work/secret") LOG=$work/freehold.log NODE_EXTRA_CA_CERTS=$work/tls.crt \
  node tests/peers/keycloak.mjs | tee "$work/held"

result=docs/results/conformance.md
{
  printf '# Beside a real provider\n\n'
  printf 'Written by "make conformance" on %s: Freehold %s, Keycloak %s, %s. Every line held.\n\n' "$(date -u +%F)" \
    "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)" "$keycloak_version" "$(chromium --version 2>/dev/null | cut -d' ' -f1,2)"
  sed -n 's/^ok *//p' "$work/held" | sed 's/^/- /'
} >"$result"
say "kept in $result"
