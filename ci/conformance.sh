#!/bin/sh
# Tests a Gearman server or library in CI, and keeps what came of it; docs/ci.md tells how it is used.
#
#   GEARSPEC_TARGET   the server: a name, HOST:PORT, or a target file
#   GEARSPEC_TESTEE   the library: a name, a file, or the command of an adapter
#   GEARSPEC_OPTIONS  more options of `gearspec run`, separated by spaces
#   GEARSPEC_RESULTS  the folder for the results; gearspec-results unless it is set
#   GEARSPEC_INSTALL  what pip installs where there is no gearspec; the checkout with this script, and xdist, unless it is set
#
# The exit code is that of gearspec: 0 if all is as expected.
set -eu

if [ -z "${GEARSPEC_TARGET:-}${GEARSPEC_TESTEE:-}" ]; then
    echo "set GEARSPEC_TARGET or GEARSPEC_TESTEE to what is to be tested" >&2
    exit 4
fi

if ! command -v gearspec >/dev/null; then
    work=$(mktemp -d)
    chmod 755 "$work" # a server is started as an unprivileged user where we are root
    trap 'rm -rf "$work"' EXIT
    python3 -m venv "$work"
    "$work/bin/pip" install --quiet --disable-pip-version-check "${GEARSPEC_INSTALL:-$(dirname "$0")/..[xdist]}"
    PATH=$work/bin:$PATH
fi

results=${GEARSPEC_RESULTS:-gearspec-results}
mkdir -p "$results"
set -- --gear-report="$results/report.jsonl" --junit-xml="$results/junit.xml" \
    --gear-html="$results/report.html" --gear-markdown="$results/report.md" --gear-finds="$results/finds"
[ -z "${GEARSPEC_TARGET:-}" ] || set -- "$@" --target="$GEARSPEC_TARGET"
[ -z "${GEARSPEC_TESTEE:-}" ] || set -- "$@" --testee="$GEARSPEC_TESTEE"

code=0
# shellcheck disable=SC2086 # they are several
gearspec run "$@" ${GEARSPEC_OPTIONS:-} || code=$?

if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$results/report.md" ]; then
    cat "$results/report.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
