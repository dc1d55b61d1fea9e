#!/usr/bin/env bash
# Replays sessions as scripts/demo does and compares every archived trade with a brute-force
# recomputation from the same quotes (check.sql). Exits non-zero on any difference.
#
# With PGHOST set it uses that server, on which the extension must be installed and the user may
# create databases; otherwise it builds the extension (PORTABLE=1: the portable build) and starts
# a throw-away server of its own. Market data is looked for in $SHARED_DIR/data.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
. "$PROJECT/scripts/lib/replay.sh"

HERE=$PROJECT/test/replay
DATABASE=position_telemetry_replay_$$
# The last one has trades only, and hours between them: positions that no quote ever marks.
FILES=(spy_20230803_options_1m.csv.gz goog_20151224_options_1m.csv.gz twx_201406_options_1m.csv.gz
    aapl_201406_option_trades_1m.csv.gz)

prepare_server() {
    [ -z "${PGHOST:-}" ] || return 0
    choose_pg_major
    install_build_packages
    make_work_dir
    copy_tree
    make_server_dir install
    quietly "building position_telemetry${PORTABLE:+ (portable)}" build_and_install ${PORTABLE:+PORTABLE=1}
    start_server "fsync = off"
}

# A check that finds nothing proves little unless it is seen to find something: each damage,
# undone again, must be reported by the name of its column.
damage_is_found() {
    local column output
    for column in best_unrealized_pnl_pct worst_unrealized_pnl_dollars mfe_price mae_before_mfe_pct pnl_dollars; do
        output=$(run_sql 2>&1 <<SQL
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE position_history SET $column = $column + 0.00000001
WHERE id = (SELECT min(id) FROM position_history WHERE $column IS NOT NULL);
\i $HERE/check.sql
SQL
        ) || true
        [[ $output == *"| $column "*"archived trades differ"* ]] || {
            echo "the check overlooks a changed $column: $output" >&2
            return 1
        }
    done
}

# check_session NAME [FILE...]: replays into a database of its own and checks it.
check_session() {
    local name=$1
    shift
    run_sql -d postgres -c "CREATE DATABASE $DATABASE"
    load_session "$@"
    play_session >/dev/null
    printf '%s: ' "$name"
    run_sql -f "$HERE/check.sql"
    [ $# -gt 0 ] || damage_is_found
    drop_database
}

drop_database() {
    run_sql -d postgres -c "SET client_min_messages = error" -c "DROP DATABASE IF EXISTS $DATABASE"
}

main() {
    local file
    prepare_server
    trap 'drop_database; clean_up' EXIT
    export PGDATABASE=$DATABASE
    check_session "simulated session"
    for file in "${FILES[@]}"; do
        if [ -r "$SHARED_DIR/data/$file" ]; then
            check_session "$file" "$SHARED_DIR/data/$file"
        else
            echo "$file: skipped, not in $SHARED_DIR/data"
        fi
    done
}

main "$@"
