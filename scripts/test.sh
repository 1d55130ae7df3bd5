#!/usr/bin/env bash
# Everything `make test` does, stage by stage, each against its budget. One line per check;
# the output of a failed one is shown, the others' is kept in .tools/logs. It goes on after a
# failure and exits 1 at the end. The last line counts tests and checks together.
#
#   STAGES="checks build sqlite" scripts/test.sh     only these; each check left out is said
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

logs=$root/.tools/logs
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0 skipped=0 number=0
stages=() seconds=() budgets=()
compiles=yes

# stage NAME MINUTES: what follows is timed under this name.
stage() {
  end_stage
  local word
  asked=no
  for word in ${STAGES:-$1}; do [[ ${1,,} != *"${word,,}"* ]] || asked=yes; done
  stages+=("$1") budgets+=("$2")
  stage_begun=$SECONDS
  echo "== $1"
}
end_stage() { ((${#stages[@]} == ${#seconds[@]})) || seconds+=($((SECONDS - stage_begun))); }

# check SENTENCE COMMAND…: passes, fails, or (exit code 77) is skipped. Where the output has
# the closing line of a test runner, its tests are counted, else the check counts as one.
check() {
  local sentence=$1 log begun=$SECONDS rc=0 ran=0 good=0 left=0
  shift
  if [[ $asked == no ]]; then
    skipped=$((skipped + 1))
    echo "skip       0 s  $sentence: STAGES leaves it out"
    return 0
  fi
  number=$((number + 1))
  log=$(printf '%s/%02d-%s.log' "$logs" "$number" "$(tr -cs 'a-zA-Z0-9' '-' <<<"$sentence" | cut -c1-40)")
  "$@" >"$log" 2>&1 </dev/null || rc=$?
  count "$log"
  if ((rc == 77)); then
    skipped=$((skipped + 1))
    printf 'skip    %4d s  %s: %s\n' $((SECONDS - begun)) "$sentence" "$(tail -1 "$log")"
    return 0
  fi
  if ((ran == 0)); then
    ran=1 good=$((rc == 0))
  elif ((rc != 0 && ran == good)); then
    ran=$((ran + 1)) # the runner itself failed, after its tests passed
  fi
  passed=$((passed + good)) failed=$((failed + ran - good)) skipped=$((skipped + left))
  if ((rc == 0)); then
    printf 'ok      %4d s  %s%s\n' $((SECONDS - begun)) "$sentence" "$( ((ran == 1)) || echo ": $ran tests")"
    sed -n 's/^note: /                /p' "$log"
  else
    printf 'FAILED  %4d s  %s (%s)\n' $((SECONDS - begun)) "$sentence" "$log"
    # What failed comes first: below it may be pages of a journal.
    { grep -m 10 -A 8 -E '^FAILED |^ +FAIL \[' "$log" && echo "…"; tail -60 "$log"; } | sed 's/^/    /'
    return 1
  fi
}

# count LOG: sets ran, good and left from the closing lines of nextest, cargo test and ours.
count() {
  read -r ran good left < <(sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    function before(word) { return match($0, "[0-9]+ " word) ? substr($0, RSTART) + 0 : 0 }
    /^ *Summary \[/        { ran += before("tests? run"); good += before("passed"); left += before("skipped") }
    /^test result: /       { ran += before("passed") + before("failed"); good += before("passed"); left += before("ignored") }
    /^[a-z]+: [0-9]+ passed, [0-9]+ failed/ { ran += before("passed") + before("failed"); good += before("passed"); left += before("skipped") }
    END { print ran + 0, good + 0, left + 0 }')
}

# after_build SENTENCE COMMAND…: a check that makes no sense without a program.
after_build() {
  if [[ $compiles == yes ]]; then
    check "$@" || true
  else
    skipped=$((skipped + 1))
    echo "skip       0 s  $1: it does not compile"
  fi
}

formatted() { cargo fmt --check; }
linted() { cargo clippy --locked --all-targets -- -D warnings; }
# In this order: `cargo nextest` builds the program that integration tests start.
built() { cargo nextest run --locked --no-run; }
released() { scripts/release.sh; }
small_enough() {
  local size
  size=$(stat -c %s "$CARGO_TARGET_DIR/$target/release/freehold")
  echo "note: the stripped release program has $((size / 1000)) kB of at most 40000"
  ((size <= 40000000))
}
on_sqlite() { FREEHOLD_TEST_BACKEND=sqlite cargo nextest run --locked; }
examples() { cargo test --doc --locked; }
on_postgres() { scripts/with-postgres.sh cargo nextest run --locked; }
documented() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps; }
all_used() { cargo shear --deny-warnings --locked; }
shell_checked() { shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh infra/entra/*.sh bicep/files/freehold-data-disk .ci/run; }
# The very program of the image: the offline bundle compares the two. What the filter leaves out ran
# before and is not skipped.
silent() {
  FREEHOLD_TEST_BACKEND=sqlite FREEHOLD_TEST_PROGRAM=$CARGO_TARGET_DIR/$target/release/freehold \
    cargo nextest run --locked -E 'test(silence::)' 2>&1 | sed '/Summary/s/, [0-9]* skipped//'
}
imaged() { scripts/image.sh "$CARGO_TARGET_DIR/$target/release/freehold"; }
machine_runs() { IMAGE=localhost/freehold:dev scripts/test-machine.sh "$CARGO_TARGET_DIR/$target/release/freehold"; }
recipe_checked() { hadolint infra/docker/Dockerfile; }

stage tools 6
# Here and not in a check, because it tells this shell where things are.
(
  exec 9>"$cache/lock"
  flock 9
  for tool in rust python node postgres browser podman shell network helm checkov machine alerts; do "tools_$tool"; done
)
tools_rust
tools_podman
PATH=$root/.tools/venv/bin:$PATH
# What a clone in CI leaves behind helps nobody's next build.
[[ -z ${CI:-} ]] || export CARGO_INCREMENTAL=0

stage checks 5
check "the code is formatted (make fmt)" formatted || true
check "scripts pass shellcheck" shell_checked || true
check "the container recipe passes hadolint" recipe_checked || true
check "the templates are what the compiler makes (make arm)" scripts/arm.sh --check || true
check "licences, bans, sources and advisories of crates" scripts/deny.sh || true
check "no dependency is unused" all_used || true

stage build 20
check "it compiles, with its tests" built || compiles=no
after_build "no lint complains (clippy)" linted
after_build "the documentation builds without a warning" documented
after_build "the release builds" released
after_build "the release program is small" small_enough

stage "tests on SQLite" 8
if ((EUID != 0)); then
  skipped=$((skipped + 1))
  echo "skip       0 s  memory is searched for tokens: only the superuser may read it"
fi
after_build "unit and integration tests on SQLite" on_sqlite
after_build "examples in the documentation" examples

stage "tests on PostgreSQL" 8
after_build "unit and integration tests on PostgreSQL" on_postgres

stage "image and deploy" 8
after_build "the image builds" imaged
after_build "the image runs hardened" scripts/test-image.sh
after_build "the program of the image sends nothing that is not on its list" silent
after_build "a newcomer's two ways" scripts/newcomer.sh --image-is-there
after_build "the offline bundle" scripts/test-bundle.sh "$CARGO_TARGET_DIR/$target/release/freehold"
after_build "the pod of the Helm chart runs" scripts/test-kube.sh
after_build "the machine of the ARM template runs the program of the image" machine_runs

stage browser 5
after_build "from a clone to a signed-in browser" scripts/test-browser.sh
end_stage

echo
printf '%-20s %9s %9s\n' stage minutes budget
for at in "${!stages[@]}"; do
  printf '%-20s %9s %9s%s\n' "${stages[at]}" "$(awk "BEGIN { printf \"%.1f\", ${seconds[at]} / 60 }")" "${budgets[at]}" \
    "$( ((seconds[at] <= budgets[at] * 60)) || echo '  over')"
done
printf '%-20s %9s %9s\n' total "$(awk "BEGIN { printf \"%.1f\", $SECONDS / 60 }")" 60
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
