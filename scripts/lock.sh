#!/usr/bin/env bash
# Writes the lock files of the test tools again, after a change of tests/peers/*.in or of
# tests/peers/package.json. Registries' addresses stay out of both.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
needs npm npm
uv=$cache/uv-0.13.9
[[ -x $uv/bin/uv ]] || { python3 -m venv "$uv" && "$uv/bin/pip" install --quiet uv==0.13.9; }
cd "$root/tests/peers"
lock_python() {
  "$uv/bin/uv" pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 \
    --upgrade "$1.in" -o "$1.txt" "${@:2}"
}
lock_python requirements
lock_python checkov
lock_python helm --no-deps
rm -f package-lock.json
lock=$(mktemp -d)
trap 'rm -rf "$lock"' EXIT
cp package.json "$lock/"
npm install --prefix "$lock" --package-lock-only --omit-lockfile-registry-resolved \
  --no-audit --no-fund --loglevel=error
cp "$lock/package-lock.json" .
