#!/usr/bin/env bash
# Marks and closes positions through the Python drivers Debian has and compares the rows: see
# drivers.py. Needs a running server with the extension available, at PGHOST, PGPORT, PGUSER and
# PGDATABASE; the user must be allowed to create databases. Prints ok, not ok or skipped per check.
set -euo pipefail
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "${BASH_SOURCE[0]}")/drivers.py"
