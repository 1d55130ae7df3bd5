# What scripts that examine one subject share: a line for each check, and a last line that counts them.
# Sourced, never run, after tools.sh; the script sets `subject` and `work`, a folder of its own.
# shellcheck shell=bash disable=SC2154
passed=0 failed=0

# check SENTENCE COMMAND…: what the command writes is shown where it fails, and its lines that begin
# with `note: ` where it does not. Sentences that held are in $work/held.
check() {
  local sentence=$1
  shift
  if "$@" >"$work/out" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $subject: $sentence"
    sed -n 's/^note: /                /p' "$work/out"
    echo "- $sentence" >>"$work/held"
  else
    failed=$((failed + 1))
    echo "FAILED  $subject: $sentence"
    tail -20 "$work/out" | sed 's/^/        /'
  fi
}

# counted: the last line; fails when a check did.
counted() {
  echo "$subject: $passed passed, $failed failed"
  ((failed == 0))
}
