# What ci/run, ci/test and ci/bench share; sourced, never run. Sets `root` and stays in the
# caller's folder.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A long build on a machine without a terminal says something every 25 steps, and everything that
# isn't a plain progress line (warnings, errors) at once.
show_progress() {
  awk '/^\[[0-9]+\/[0-9]+\]/ { if (++n % 25 == 0) { print; fflush() } next } { print; fflush() }'
}

# build PRESET: packages, configuration and compilation of one preset.
build() {
  local preset=$1 log
  "$root/ci/setup"
  # Nothing is built with them; the scenarios that start them fail and say what is missing.
  "$root/ci/clients" || true
  log=$(mktemp)
  if ! (cd "$root" && cmake --preset "$preset" >"$log" 2>&1 </dev/null); then
    cat "$log" >&2
    rm -f "$log"
    echo "ci: could not configure preset $preset" >&2
    return 1
  fi
  rm -f "$log"
  if [[ -t 1 && ${CI:-} != true ]]; then
    (cd "$root" && cmake --build --preset "$preset" </dev/null)
  else
    (cd "$root" && cmake --build --preset "$preset" </dev/null 2>&1) | show_progress
  fi
}

# counts TEXT: "PASSED FAILED" of the last line in it that begins `N passed, N failed`.
counts() {
  sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*$/\1 \2/p' <<<"$1" | tail -n 1
}
