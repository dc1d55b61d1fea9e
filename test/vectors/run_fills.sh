#!/usr/bin/env bash
# Plays the fills of other projects' test vectors ($SHARED_DIR/vectors) through apply_fill and
# compares the positions that come of them. Prints what ran and what was skipped, and why; exits
# non-zero on any difference. Uses the server of PGHOST, PGPORT and PGUSER, on which the extension
# must be installed, and a database of its own.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SHARED_DIR=${SHARED_DIR:-$HERE/../../../shared}
PYTHON=/usr/bin/python3 # Debian's psycopg2 belongs to Debian's Python
export PYTHONDONTWRITEBYTECODE=1

if ! "$PYTHON" -c 'import psycopg2' 2>/dev/null; then
    echo "skipped fills of other projects: python3-psycopg2 is not installed"
    exit 0
fi
export PGDATABASE=position_telemetry_fills_$$
createdb --maintenance-db=postgres "$PGDATABASE"
trap 'dropdb --maintenance-db=postgres --if-exists "$PGDATABASE"' EXIT
"$PYTHON" "$HERE/fills.py" "$SHARED_DIR/vectors"
