#!/usr/bin/env bash
# What a newcomer does: a fresh clone, `make run`, the printed link, a browser. Then what other sites
# try in that browser (tests/peers/sites.mjs).
#
#   PICTURES=docs/images scripts/test-browser.sh     keeps the pictures there
#
# The clone is of the files as they are here, committed or not.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
tools_node
tools_browser
# Always the same place, so that cargo knows it again.
clone=$cache/newcomer
exec 8>"$cache/newcomer.lock"
flock -w 900 8 || die "another run holds $cache/newcomer.lock"
rm -rf "$clone"
mkdir -p "$clone"
git ls-files -z --cached --others --exclude-standard --deduplicate |
  while IFS= read -r -d '' file; do [[ -e $file ]] && printf '%s\0' "$file"; done |
  tar --create --null --files-from=- | tar --extract --directory "$clone"

listen=127.0.0.1:$(free_port)
log=$clone/run.log
setsid make --directory "$clone" --no-print-directory run LISTEN="$listen" >"$log" 2>&1 8>&- &
make=$!
trap 'kill -TERM -- -$make 2>/dev/null || true; wait $make 2>/dev/null || true' EXIT

link=
until [[ -n $link ]]; do
  kill -0 "$make" 2>/dev/null || { tail -40 "$log"; die "make run ended without a sign-in link"; }
  ((SECONDS < 1500)) || { tail -40 "$log"; die "make run printed no sign-in link in 25 minutes"; }
  sleep 0.3
  link=$(grep -oE "http://$listen/[^ \"'<>)]+" "$log" | grep -vE '/(healthz|readyz)$' | head -1) || true
done
PICTURES=${PICTURES:-$root/.tools/pictures} node tests/peers/browser.mjs "$link" || { tail -40 "$log"; exit 1; }

kill -TERM -- "-$make"
wait "$make" || true
node tests/peers/sites.mjs "$CARGO_TARGET_DIR/$target/debug/freehold"
