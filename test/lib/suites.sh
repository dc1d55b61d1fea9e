# shellcheck shell=bash
# The test suites and how each is run. To be sourced by scripts/test, after common.sh and
# results.sh.
#
# Suites run in the copy of the tree. What PostgreSQL's own runners do, they do as the user of the
# server; a script test/NAME/run*.sh runs as the caller and finds the server through PGHOST, PGPORT
# and PGUSER, and in FLAVOUR which build it has.

# The names of all suites, one per line.
suites() {
    printf '%s\n' unit regress isolation tap
    script_suites
}

script_suites() {
    local directory
    for directory in "$PROJECT"/test/*/; do
        [ ! -x "$directory/run.sh" ] || basename "$directory"
    done
}

wanted() {
    [[ " ${SUITES[*]} " == *" $1 "* ]]
}

install_test_packages() {
    ! wanted unit || install_packages cmake ninja-build libgtest-dev
    ! wanted tap || install_packages perl libipc-run-perl
    ! wanted client || install_packages python3 python3-psycopg2 python3-psycopg python3-asyncpg
    if wanted vectors || wanted writers; then
        install_packages python3 python3-psycopg2
    fi
}

# The tests that draw millions of random cases draw fewer, unless time is no matter.
shorten_tests() {
    export PT_ROWS=40000 RUNS=60 SEQUENCES=500
    export WRITERS_SECONDS=15 WRITERS_EVENTS=1000 WRITERS_CLIENTS=8
    echo "Random tests draw fewer cases; scripts/test --all runs them at full length."
}

# ------------------------------------------------------------------------------------------
# The suites

run_unit() {
    as_server_user cmake -E chdir "$WORK/tree" cmake --workflow --preset "$1"
}

run_regress() {
    make_in_tree installcheck ISOLATION=
}

run_isolation() {
    make_in_tree installcheck REGRESS=
}

# As PGXS does for an extension with TAP_TESTS. The servers that the tests start get from
# TEMP_CONFIG what makes them find the build under test.
run_tap() {
    local pgxs=/usr/lib/postgresql/$PG_MAJOR/lib/pgxs/src/test
    extension_settings | as_server_user tee "$WORK/run/extension.conf" >/dev/null
    as_server_user mkdir -p "$WORK/tree/build/tap"
    as_server_user env TEMP_CONFIG="$WORK/run/extension.conf" TESTDIR="$WORK/tree/build/tap" \
        PG_REGRESS="$pgxs/regress/pg_regress" PGPORT=65432 \
        prove --verbose --merge -I "$pgxs/perl" "$WORK"/tree/test/tap/t/*.pl
}

run_script() (
    cd "$WORK/tree" && "$@"
)

# A suite of one script goes by its own name, the further ones (run_fills.sh) by theirs.
run_scripts() {
    local script name
    for script in "$PROJECT/test/$1"/run*.sh; do
        name=$(basename "$script" .sh)
        run_suite "$1${name#run} $FLAVOUR" read_script run_script "test/$1/$name.sh"
    done
}

# Runs what is wanted of the suites that need a server, on one of this build.
test_server() {
    local suite
    ! wanted regress || DETAILS=$WORK/tree/regression.diffs \
        run_suite "regress $FLAVOUR" read_regress run_regress
    ! wanted isolation || DETAILS=$WORK/tree/build/isolation/regression.diffs \
        run_suite "isolation $FLAVOUR" read_regress run_isolation
    ! wanted tap || run_suite "tap $FLAVOUR" read_tap run_tap
    for suite in $(script_suites); do
        ! wanted "$suite" || run_scripts "$suite"
    done
}

# test_flavour native|portable: builds it and runs its suites.
test_flavour() {
    export FLAVOUR=$1 SHARED_DIR PYTHONDONTWRITEBYTECODE=1
    local only_portable=
    [ "$FLAVOUR" = native ] || only_portable=PORTABLE=1
    if [ "$FLAVOUR" = native ] && wanted unit; then
        run_suite "unit" read_ctest run_unit default
        run_suite "unit under sanitizers" read_ctest run_unit asan-ubsan
    fi
    [ "${SUITES[*]}" != unit ] || return 0
    rm -rf "$WORK/install"
    make_server_dir install
    if quietly "building position_telemetry, $FLAVOUR" build_and_install $only_portable &&
        start_server "fsync = off"; then
        test_server
    else
        record "$FLAVOUR" <<<$'failed\t'"$FLAVOUR: it could not be built and started"
    fi
    stop_server
}
