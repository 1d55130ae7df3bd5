#!/usr/bin/env bash
# cargo-deny: licences, bans and sources always; advisories where a RustSec database is given
# as a file (ADVISORIES, default ../shared/data/advisory-db.bundle: a git bundle).
# Nothing is fetched. Exits 77 if all passed but advisories could not be checked.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
PATH=$root/.tools/venv/bin:$PATH
bundle=${ADVISORIES:-$shared/data/advisory-db.bundle}
export FREEHOLD_ADVISORIES=$cache/advisories
mkdir -p "$FREEHOLD_ADVISORIES"

cargo fetch --locked --quiet # every platform: the lock file names them all
cargo deny --offline --locked check bans licenses sources
if [[ ! -r $bundle ]]; then
  echo "advisories not checked: no database at $bundle"
  exit 77
fi
# The name under which this cargo-deny looks for its default database.
database=$FREEHOLD_ADVISORIES/advisory-db-3157b0e258782691
head=$(git bundle list-heads "$bundle" HEAD | cut -d' ' -f1)
if [[ $(git -C "$database" rev-parse HEAD 2>/dev/null) != "$head" ]]; then
  rm -rf "$database"
  git init --quiet "$database"
  # A bundle may hold the newest commit only; say so, or git looks for its parent.
  echo "$head" >"$database/.git/shallow"
  git -C "$database" fetch --quiet "$(realpath "$bundle")" HEAD
  git -C "$database" checkout --quiet --detach FETCH_HEAD
fi
date=$(git -C "$database" show -s --format=%ct HEAD)
echo "note: advisory database of $(date --utc --date="@$date" +%F), $((($(date +%s) - date) / 86400)) days old"
cargo deny --offline --locked check advisories
