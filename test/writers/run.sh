#!/usr/bin/env bash
# Runs the tests of this directory on the server that PGHOST, PGPORT and PGUSER name. The extension must
# be installed there, and the user may create databases. --quick: fewer events, shorter runs.
set -uo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PYTHON=/usr/bin/python3 # Debian's psycopg2 belongs to Debian's Python
export PYTHONDONTWRITEBYTECODE=1

if ! "$PYTHON" -c 'import psycopg2' 2>/dev/null; then
    echo "skipped - test/writers: no psycopg2 (Debian: apt-get install python3-psycopg2)"
    exit 0
fi

failed=0
for test in shapes same_event concurrent replay; do
    echo "# test/writers/$test.py"
    if "$PYTHON" "$HERE/$test.py" "$@"; then
        echo "ok - test/writers/$test.py"
    else
        echo "not ok - test/writers/$test.py"
        failed=$((failed + 1))
    fi
done
[ "$failed" -eq 0 ]
