#!/usr/bin/env bash
# Runs the SQL examples of the README, in order and in a database of their own, on the server that
# PGHOST, PGPORT and PGUSER name, and compares what psql prints with what the README says it prints.
# An example without printed output must not fail. Then checks that the README names every function,
# view, setting and kind of event that users meet, and no function that is not there.
#
# The extension must be installed on the server; the user must be a superuser, as one example makes a
# role. Prints ok or not ok per check.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
README=$HERE/../../README.md
DATABASE=position_telemetry_docs
export PGTZ=UTC PGDATESTYLE=ISO PGCLIENTENCODING=UTF8
export PGOPTIONS="-c client_min_messages=warning -c lc_messages=C"

work=$(mktemp -d)
roles=()
failed=0

admin() { psql -X -q -At -d postgres -v ON_ERROR_STOP=1 -c "$1"; }
# An error is among the lines printed, so that it does not pass for an empty answer.
query() { psql -X -q -At -d "$DATABASE" -c "$1" 2>&1; }

clean_up() {
    local role
    for role in "${roles[@]}"; do
        psql -X -q -d "$DATABASE" -c "DROP OWNED BY $role" >"$work/drop" 2>&1 || true
    done
    admin "DROP DATABASE IF EXISTS $DATABASE"
    for role in "${roles[@]}"; do
        admin "DROP ROLE IF EXISTS $role"
    done
    rm -rf "$work"
}

# report DESCRIPTION PROBLEM: ok when the problem is empty.
report() {
    if [ -z "$2" ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        sed 's/^/#   /' <<<"$2"
        failed=$((failed + 1))
    fi
}

# part LINE FILE: what a file says about the example that starts at that line. Tables end in
# spaces that editors take away.
part() {
    awk -v wanted="$1" '/^@@@ / { on = ($2 == wanted); next } on' "$2" | sed 's/ *$//' |
        sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

run_examples() {
    local line printed expected
    awk -v expected="$work/expected" -f "$HERE/blocks.awk" "$README" >"$work/script.sql"
    psql -X -q -d "$DATABASE" <"$work/script.sql" >"$work/printed" 2>&1 || true
    while read -r line; do
        printed=$(part "$line" "$work/printed")
        expected=$(part "$line" "$work/expected")
        if [ -n "$expected" ]; then
            report "README, example at line $line prints what it says" \
                "$(diff <(echo "$expected") <(echo "$printed") || true)"
        else
            report "README, example at line $line runs" "$(grep '^ERROR' <<<"$printed" || true)"
        fi
    done < <(awk '/^@@@ / { print $2 }' "$work/expected")
}

# not_named SQL: the names that a query gives and the README does not have in code style.
not_named() {
    local name
    query "$1" | while read -r name; do
        grep -qE "\`[^\`]*\b$name\b[^\`]*\`" "$README" || echo "$name"
    done
}

# What the reference has a row for.
functions_in_tables() {
    sed -n '/^## Reference/,/^## How it works/p' "$README" | grep -oE '^\| `[a-z_]+\(' | tr -d '|` (' | sort -u
}

check_names() {
    report "README names every function that users call" "$(not_named "
        SELECT DISTINCT proname FROM pg_proc
        WHERE pronamespace = 'position_telemetry'::regnamespace
          AND coalesce(obj_description(oid, 'pg_proc'), '') !~ '^(Internal|Trigger)' ORDER BY 1")"
    report "README names every view" "$(not_named "
        SELECT view_name FROM position_telemetry.layout_views('public')")"
    report "README names every table" "$(not_named "
        SELECT table_name FROM position_telemetry.layout_keys()")"
    report "README names every setting" "$(not_named "
        SELECT setting FROM position_telemetry.layout_settings()")"
    report "README names every trigger" "$(not_named "
        SELECT trigger_name FROM position_telemetry.layout_triggers('public')")"
    report "README names every exit reason" "$(not_named "
        SELECT DISTINCT exit_reason FROM position_telemetry.exit_reasons()")"
    report "README names no function that is not there" "$(comm -23 <(functions_in_tables) <(query "
        SELECT DISTINCT proname FROM pg_proc
        WHERE pronamespace = 'position_telemetry'::regnamespace" | sort))"
}

main() {
    local role
    admin "DROP DATABASE IF EXISTS $DATABASE"
    # Only roles that the README itself makes may be dropped afterwards.
    while read -r role; do
        if [ -n "$(admin "SELECT 1 FROM pg_roles WHERE rolname = '$role'")" ]; then
            echo "not ok - README: the role $role of an example exists on this server already"
            exit 1
        fi
        roles+=("$role")
    done < <(sed -nE 's/^CREATE ROLE ([a-z_]+).*/\1/p' "$README")
    trap clean_up EXIT
    admin "CREATE DATABASE $DATABASE"
    run_examples
    check_names
    [ "$failed" -eq 0 ]
}

main
