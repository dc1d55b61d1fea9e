# shellcheck shell=bash
# The test suites and how each is run. To be sourced by scripts/test, after common.sh and
# results.sh.
#
# Suites run in a copy of the tree. What PostgreSQL's own runners do, they do as the user of the
# server; a script test/NAME/run*.sh runs as the caller and finds the server through PGHOST, PGPORT
# and PGUSER, and in FLAVOUR which build it has.

# The names of all suites, one per line.
suites() {
    printf '%s\n' unit tap
    suites_of_one_build
    suites_of_both_builds
}

suites_of_one_build() {
    printf '%s\n' regress isolation
    script_suites
}

script_suites() {
    local directory
    for directory in "$PROJECT"/test/*/; do
        [ ! -x "$directory/run.sh" ] || basename "$directory"
    done | grep -vxF "$(suites_of_both_builds)"
}

# These compare the two builds, or lead from one to the other.
suites_of_both_builds() {
    printf '%s\n' builds differential
}

# wanted SUITE...: whether one of them is.
wanted() {
    local suite
    for suite in "$@"; do
        [[ " ${SUITES[*]} " != *" $suite "* ]] || return 0
    done
    return 1
}

install_test_packages() {
    ! wanted unit || install_packages cmake ninja-build libgtest-dev
    ! wanted client || install_packages python3 python3-psycopg2 python3-psycopg python3-asyncpg
    ! wanted vectors writers differential || install_packages python3 python3-psycopg2
    if wanted tap builds; then
        install_packages perl libipc-run-perl
        # Not of every major there is one: the test that needs it then says so.
        install_packages "postgresql-$PG_MAJOR-cron" || echo "going on without it"
    fi
}

# ------------------------------------------------------------------------------------------
# Unit tests of the core: no server

run_unit() {
    as_server_user cmake -E chdir "$WORK/tree" cmake --workflow --preset "$1"
}

# Every day under sanitizers only: optimised, the core is in everything else that is tested.
test_unit() {
    make_group_dir unit
    $EVERYDAY || run_suite "unit" read_ctest run_unit default
    run_suite "unit under sanitizers" read_ctest run_unit asan-ubsan
}

# ------------------------------------------------------------------------------------------
# Tests on a server, of one build

# Random tests that can draw fewer cases, draw fewer: unless the length does not matter, and always
# on the portable build, where what they test at length is the same SQL.
choose_length() {
    SHORTER=()
    if $AT_LENGTH && [ "$FLAVOUR" = native ]; then
        return
    fi
    SHORTER=(--quick)
    export PT_ROWS=40000 RUNS=60 SEQUENCES=500
    $AT_LENGTH || export PT_POSITIONS=50000
}

# spared SUITE: whether it is left out every day: what takes long and is about the server, or about
# SQL that both builds share, is run on the native one.
spared() {
    $EVERYDAY && [ "$FLAVOUR" = portable ] && [[ " tap advice replay stats vectors " == *" $1 "* ]]
}

skip_spared() {
    run_suite "$1, $FLAVOUR" read_script echo "skipped $1: the portable build runs it with --all, or when it is asked for"
}

# build [VARIABLE=VALUE...]: builds and installs this flavour, and starts a server of it.
build() {
    make_server_dir install
    build_and_install "$@" && start_server "fsync = off" && SERVER_STARTED=true
}

run_regress() {
    make_in_tree installcheck ISOLATION=
}

run_isolation() {
    make_in_tree installcheck REGRESS=
}

# run_tap DIRECTORY: as PGXS does for an extension with TAP_TESTS. PostgreSQL 15 asks for TESTDIR, 16
# and later for the other two. The servers that the tests start get from TEMP_CONFIG what makes them
# find the build under test.
run_tap() {
    local pgxs=/usr/lib/postgresql/$PG_MAJOR/lib/pgxs/src/test directory=$WORK/tree/build/tap
    extension_settings | as_server_user tee "$WORK/run/extension.conf" >/dev/null
    as_server_user mkdir -p "$directory"
    as_server_user env TEMP_CONFIG="$WORK/run/extension.conf" TESTDIR="$directory" \
        TESTDATADIR="$directory/tmp_check" TESTLOGDIR="$directory/tmp_check/log" \
        PG_REGRESS="$pgxs/regress/pg_regress" PGPORT=65432 \
        prove --verbose --merge --timer -I "$pgxs/perl" "$WORK/tree/$1"/t/*.pl
}

# Perl that dies of a signal leaves the servers of its test running.
stop_tap_servers() {
    local lock
    while read -r lock; do
        as_server_user pg_ctl -D "${lock%/*}" -m immediate -w stop >/dev/null || true
    done < <(find "$WORK/tree/build/tap" -name postmaster.pid 2>/dev/null)
}

run_script() (
    cd "$WORK/tree" && "$@"
)

# A suite of one script goes by its own name, the further ones (run_fills.sh) by theirs.
run_scripts() {
    local script name arguments=()
    [ "$1" != writers ] || arguments=("${SHORTER[@]}")
    for script in "$PROJECT/test/$1"/run*.sh; do
        name=$(basename "$script" .sh)
        run_suite "$1${name#run}, $FLAVOUR" read_script run_script "test/$1/$name.sh" "${arguments[@]}"
    done
}

# Runs what is wanted of the suites that need a server.
test_server() {
    local suite
    ! wanted regress || DETAILS=$WORK/tree/regression.diffs \
        run_suite "regress, $FLAVOUR" read_regress run_regress
    ! wanted isolation || DETAILS=$WORK/tree/build/isolation/regression.diffs \
        run_suite "isolation, $FLAVOUR" read_regress run_isolation
    for suite in $(script_suites); do
        if ! wanted "$suite"; then
            continue
        elif spared "$suite"; then
            skip_spared "$suite"
        else
            run_scripts "$suite"
        fi
    done
}

# compile_once GROUP...: compiles the library in the tree that every group gets a copy of. Whether it
# can be compiled is for the groups to say.
compile_once() {
    if [[ " $* " =~ \ (native|both|native-tap)\  ]]; then
        quietly "compiling" make_in_tree -j "$(nproc)" WERROR=1 || true
    fi
}

# What tests leave behind goes with a directory of the group's own.
make_group_dir() {
    local tree=$WORK/tree
    export FLAVOUR=$1 SHARED_DIR PYTHONDONTWRITEBYTECODE=1
    TMPDIR=$WORK make_work_dir
    trap 'stop_tap_servers; clean_up' EXIT
    export TMPDIR=$WORK/tmp
    mkdir -m 1777 "$TMPDIR"
    make_server_dir tree
    cp -a "$tree/." "$WORK/tree"
}

# What make is told of a build. Every major comes with a compiler of its own, and none may find
# anything to warn about.
build_option() {
    case $FLAVOUR in
        native) echo WERROR=1 ;;
        portable) echo PORTABLE=1 ;;
    esac
}

# test_flavour native|portable [VARIABLE=VALUE...]: builds it, with these settings for make, and runs
# its suites, but for tap.
test_flavour() {
    local SERVER_STARTED=false
    make_group_dir "$1"
    choose_length
    run_suite "build, $FLAVOUR" read_script build "$(build_option)" "${@:2}"
    ! $SERVER_STARTED || test_server
}

# The servers of these tests are their own: they need not wait for the other suites.
test_tap() {
    local SERVER_STARTED=false
    make_group_dir "$1"
    if spared tap; then
        skip_spared tap
        return
    fi
    choose_length
    run_suite "build for tap, $FLAVOUR" read_script build "$(build_option)"
    ! $SERVER_STARTED || run_suite "tap, $FLAVOUR" read_tap run_tap test/tap
}

# ------------------------------------------------------------------------------------------
# Tests on a server that has both builds

build_both() {
    build && make_in_tree install PORTABLE=1 DESTDIR="$PORTABLE_DESTDIR"
}

# A database finds the files of the native build unless it is told otherwise.
run_differential() {
    # At length always the same statements: a change is judged by what it changes. Else new ones.
    local arguments=(--statements 2000)
    ! $AT_LENGTH || arguments=(--statements 10000 --seed 20261130)
    run_sql -c "CREATE DATABASE native" -c "CREATE DATABASE portable" \
        -c "ALTER DATABASE portable SET extension_destdir = '$PORTABLE_DESTDIR'" &&
        NATIVE_DSN="dbname=native" PORTABLE_DSN="dbname=portable" \
            run_script test/differential/run.sh "${arguments[@]}"
}

test_both() {
    local SERVER_STARTED=false
    make_group_dir both
    export NATIVE_DESTDIR=$WORK/install PORTABLE_DESTDIR=$WORK/install-portable
    make_server_dir install-portable
    run_suite "build, both" read_script build_both
    $SERVER_STARTED || return 0
    ! wanted builds || run_suite "builds" read_tap run_tap test/builds
    ! wanted differential || test_differential
}

# What was drawn, and what came of it, belongs to the result.
test_differential() {
    run_suite "differential" read_script run_differential
    sed 's/^/    /' "$WORK/differential.log" | cut -c 1-2000
}

# ------------------------------------------------------------------------------------------
# Tests on a server where the portable build comes through pg_tle, and there are no files of it

# Every database that is made there has the registration, but for those that pg_regress makes itself.
start_pg_tle_server() {
    start_server "fsync = off" "shared_preload_libraries = 'pg_tle'" "extension_destdir = ''" &&
        run_sql -d template1 -c "CREATE EXTENSION pg_tle" &&
        "$PROJECT/scripts/assemble" tle | run_sql -d template1 &&
        run_sql -c "CREATE DATABASE contrib_regression" -c "CREATE DATABASE isolation_regression" &&
        run_sql -d isolation_regression -c "CREATE EXTENSION position_telemetry" &&
        SERVER_STARTED=true
}

run_regress_existing() {
    as_server_user mkdir -p "$WORK/tree/build"
    make_in_tree installcheck PORTABLE=1 EXTRA_REGRESS_OPTS=--use-existing "$@"
}

test_pg_tle() {
    local SERVER_STARTED=false suite
    if [ ! -e "/usr/share/postgresql/$PG_MAJOR/extension/pg_tle.control" ]; then
        run_suite "pg_tle" read_script echo "skipped pg_tle: it is not installed on this machine"
        return
    fi
    make_group_dir portable
    SHORTER=(--quick)
    run_suite "server with pg_tle" read_script start_pg_tle_server
    $SERVER_STARTED || return 0
    ! wanted regress || DETAILS=$WORK/tree/regression.diffs \
        run_suite "regress, pg_tle" read_regress run_regress_existing ISOLATION=
    ! wanted isolation || DETAILS=$WORK/tree/build/isolation/regression.diffs \
        run_suite "isolation, pg_tle" read_regress run_regress_existing REGRESS=
    for suite in client writers; do
        ! wanted "$suite" || run_suite "$suite, pg_tle" read_script run_script "test/$suite/run.sh" "${SHORTER[@]}"
    done
}
