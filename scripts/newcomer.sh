#!/usr/bin/env bash
# The newcomer's two ways, by the README's own commands, timed: from a clone to a page that one is
# signed in on. Times go to docs/results/newcomer.md.
#
#   scripts/newcomer.sh                      from `git clone`, with the build of the image
#   scripts/newcomer.sh --image-is-there     without `make image`; keeps no times
#
# One line per check; the last line counts them. Exits 1 if one failed.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
# shellcheck source=checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
subject=newcomer
tools_podman
tools_helm
tools_python
work=$(mktemp -d)
with_build=yes
[[ ${1:-} != --image-is-there ]] || with_build=no

# Ends what the last command of a way began: `--rm` takes its container away.
end_it() {
  [[ ! -e $work/process ]] || kill -TERM -- "-$(<"$work/process")" 2>/dev/null || true
  rm -f "$work/process"
  podman pod rm --force --time 1 freehold-0 >/dev/null 2>&1 || true
}
tidy_up() {
  end_it
  podman volume rm --force data-freehold-0 >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap tidy_up EXIT

# commands WAY: the lines of the README under this mark, one command a line.
commands() {
  awk -v mark="<!-- newcomer: $1 -->" '
    $0 == mark { found = 1; next }
    found && /^```/ { if (open) exit; open = 1; next }
    open' README.md | sed -e ':again' -e '/\\$/N; s/ *\\\n */ /; tbreak' -e 'b' -e ':break' -e 'b again'
}

# Opens the printed link and presses its one button, as a browser does; the page behind it knows us.
signed_in() {
  local link page jar=$work/cookies
  link=$(grep -ohE 'http://[^ ]+/auth/link/[A-Za-z0-9_]+' "$work/said" | head -1)
  [[ -n $link ]] || return 1
  curl -sS --fail --output /dev/null "$link" || return 1
  page=$(curl -sS --fail --location --cookie-jar "$jar" --cookie "$jar" --header "Origin: ${link%/auth/*}" --data '' "$link")
  grep -q 'Sign out' <<<"$page"
}

# walk WAY: the commands of a way, in a clone of its own, until somebody is signed in.
walk() {
  local way=$1 begun=$SECONDS count=1 command
  if curl -s --max-time 2 --output /dev/null http://127.0.0.1:8080; then
    echo "something answers at 127.0.0.1:8080 already: end it first"
    return 1
  fi
  git clone --quiet . "$work/$way"
  mkdir -p "$work/$way/.tools" "$work/bin"
  ln -s "$(realpath .tools/helm)" "$work/$way/.tools/helm"
  ln -sf "$root/.tools/helm/4/helm" "$work/bin/helm"
  ln -sf "$root/.tools/venv/bin/python" "$work/bin/python3"
  ln -sf "$(command -v podman)" "$work/bin/docker"
  : >"$work/said"
  while read -r command; do
    count=$((count + 1))
    echo "$command"
    [[ $with_build == yes || $command != "make image" ]] || continue
    if [[ $command == "docker run"* || $command == *--follow* ]]; then
      (cd "$work/$way" && PATH=$work/bin:$PATH exec setsid bash -c "$command" >"$work/said" 2>&1) &
      echo $! >"$work/process"
    else
      (cd "$work/$way" && PATH=$work/bin:$PATH bash -c "set -o pipefail; $command")
    fi
  done < <(commands "$way")
  if ! { wait_for 30 grep -q /auth/link/ "$work/said" && signed_in; }; then
    cat "$work/said"
    return 1
  fi
  echo "$way: $count commands, $((SECONDS - begun)) s" | tee -a "$work/times"
  echo "note: $count commands with git clone, signed in after $((SECONDS - begun)) s"
  end_it
  wait_for 20 bash -c '! curl -s --max-time 1 --output /dev/null http://127.0.0.1:8080'
  ((count >= 3 && count <= 5))
}

for way in container chart; do
  check "$way, at most five commands, all of them in the README" walk "$way"
done
if ((failed == 0)) && [[ $with_build == yes ]]; then
  {
    printf '# A newcomer, timed\n\nWritten by "make newcomer" on %s: from git clone to a signed-in page, with\n' "$(date -u +%F)"
    printf 'the commands of the README, on %s cores. Each builds the release of Freehold itself; its\nlibraries were there from an earlier build on this machine.\n\n' "$(nproc)"
    sed 's/^/- /' "$work/times"
  } >docs/results/newcomer.md
fi
counted
