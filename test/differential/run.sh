#!/usr/bin/env bash
# Holds the native and the portable build against each other: both get the same random statements, and
# must answer alike and end with the same rows.
#
# NATIVE_DSN and PORTABLE_DSN are libpq connection strings of a superuser, each to an empty database in
# which CREATE EXTENSION position_telemetry makes that build. --statements N and --seed S as in
# differential.py.
set -uo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PYTHON=/usr/bin/python3 # Debian's psycopg2 belongs to Debian's Python
export PYTHONDONTWRITEBYTECODE=1

if ! "$PYTHON" -c 'import psycopg2' 2>/dev/null; then
    echo "skipped differential: no psycopg2 (Debian: apt-get install python3-psycopg2)"
    exit 0
fi
if [ -z "${NATIVE_DSN:-}" ] || [ -z "${PORTABLE_DSN:-}" ]; then
    echo "skipped differential: NATIVE_DSN and PORTABLE_DSN name no databases"
    exit 0
fi
exec "$PYTHON" "$HERE/differential.py" "$@"
