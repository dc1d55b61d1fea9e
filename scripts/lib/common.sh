# shellcheck shell=bash
# Shell functions shared by scripts/demo, scripts/test, scripts/bench and test/replay/run.sh.
# To be sourced by bash under `set -euo pipefail`.
#
# They need nothing but a Debian system and leave nothing behind: packages come through apt-get
# and only when one is missing, the build happens in a private copy of the tree, the server runs
# on a unix socket in a temporary directory, and leaving the shell removes all of it.

PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Market data and reference vectors that tests use where they are there, and skip where not.
SHARED_DIR=${SHARED_DIR:-$PROJECT/../shared}

WORK=            # the temporary directory, empty until make_work_dir
KEEP_WORK=false  # see keep_work

die() {
    echo "error: $*" >&2
    exit 1
}

# quietly TITLE COMMAND...: says what is being done; shows the command's output only if it fails.
# The command runs where `set -e` has no effect, so a function given here must chain with &&.
quietly() {
    local title=$1 log status=0 started=$SECONDS
    shift
    log=$(mktemp)
    printf '%s ... ' "$title"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -eq 0 ]; then
        echo "done ($((SECONDS - started)) s)"
    else
        echo "failed"
        tail -n 60 "$log" >&2
    fi
    rm -f "$log"
    return "$status"
}

# ------------------------------------------------------------------------------------------
# Packages

# The PostgreSQL major: PG_MAJOR when set, else the one this Debian release ships.
choose_pg_major() {
    if [ -z "${PG_MAJOR:-}" ]; then
        case $(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") in
            trixie) PG_MAJOR=17 ;;
            forky | sid) PG_MAJOR=18 ;;
            *) PG_MAJOR=15 ;;
        esac
    fi
    # First in the path, so that make, initdb and psql are all of this major.
    PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH
    export PG_MAJOR PATH
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null) == installed* ]]
}

# A freshly installed postgresql-NN creates and starts a cluster of its own. Nobody asked for
# one here, so a drop-in file switches that off while apt-get runs, and goes away with it.
# Clusters that are there already are not touched either way.
install_without_cluster() (
    dropin=/etc/postgresql-common/createcluster.d/position_telemetry.conf
    made_dir=false
    [ -d "${dropin%/*}" ] || made_dir=true
    trap 'as_root rm -f "$dropin"; ! $made_dir || as_root rmdir "${dropin%/*}"' EXIT
    as_root mkdir -p "${dropin%/*}" &&
        echo "create_main_cluster = false" | as_root tee "$dropin" &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
            install --no-install-recommends "$@"
)

# install_packages NAME...: installs what is missing of these Debian packages.
install_packages() {
    local package missing=()
    command -v dpkg-query >/dev/null || die "this script needs Debian (apt-get); install by hand: $*"
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "neither root nor sudo: have an administrator install ${missing[*]}"
    # One unreachable source must not stop what the others can deliver.
    quietly "reading the package lists" as_root apt-get -q -o DPkg::Lock::Timeout=120 update ||
        echo "warning: apt-get update failed; going on with the lists that are there" >&2
    quietly "installing ${missing[*]}" install_without_cluster "${missing[@]}"
}

# What building the extension and running a server of it takes.
install_build_packages() {
    install_packages "postgresql-$PG_MAJOR" "postgresql-server-dev-$PG_MAJOR" g++ make libboost-dev
}

# ------------------------------------------------------------------------------------------
# The working directory and the user the server runs as

# initdb and postgres refuse to run as root, so root hands over to the user `postgres`. The command
# starts in $WORK: the caller's own directory may be closed to that user.
as_server_user() (
    cd "${WORK:-/}"
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
)

# Sets WORK to a new directory that the server user can reach, and removes it on exit.
make_work_dir() {
    local parent=${TMPDIR:-/tmp}
    as_server_user test -x "$parent" || parent=/tmp
    WORK=$(mktemp -d "$parent/position_telemetry.XXXXXX")
    chmod 755 "$WORK"
    trap clean_up EXIT
    # Without these, bash would die of the signal before the EXIT trap has stopped the server.
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
}

# Leaves the server and the directory behind when the shell exits.
keep_work() {
    KEEP_WORK=true
}

clean_up() {
    if [ -z "$WORK" ] || $KEEP_WORK; then
        return
    fi
    stop_server
    # Should anything be mounted in there, it is not ours to delete.
    rm -rf --one-file-system "$WORK"
}

# make_server_dir NAME: a private directory $WORK/NAME of the server user.
make_server_dir() {
    mkdir -m 700 "$WORK/$1"
    [ "$(id -u)" -ne 0 ] || chown postgres:postgres "$WORK/$1"
}

# Copies the tree to $WORK/tree without build products: the checkout stays clean, may be
# read-only, and may lie where the server user cannot read.
copy_tree() {
    make_server_dir tree
    tar -C "$PROJECT" --exclude=./.git --exclude=./build --exclude=./results --exclude=./output_iso \
        --exclude=./tmp_check --exclude='*.o' --exclude='*.d' --exclude='*.so' --exclude='*.bc' \
        --exclude=__pycache__ -cf - . | tar -C "$WORK/tree" --no-same-owner -xf -
    [ "$(id -u)" -ne 0 ] || chown -R postgres:postgres "$WORK/tree"
}

# make_in_tree ARGUMENT...: make in the copied tree, as the server user.
make_in_tree() {
    as_server_user make -s -C "$WORK/tree" PG_CONFIG="/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" "$@"
}

# build_and_install [VARIABLE=VALUE...]: builds and installs below $WORK/install, for instance
# with PORTABLE=1. Nothing is installed into the system.
build_and_install() {
    make_in_tree -j "$(nproc)" "$@" && make_in_tree install DESTDIR="$WORK/install" "$@"
}

# ------------------------------------------------------------------------------------------
# The throw-away server

# The settings that make a server find the extension below $WORK/install. Debian's servers have
# extension_destdir; where that is gone (PostgreSQL 18) extension_control_path does the same. A
# server with neither finds what is in its own directories.
extension_settings() {
    local lib=/usr/lib/postgresql/$PG_MAJOR/lib
    echo "dynamic_library_path = '$WORK/install$lib:$lib'"
    case $(postgres --describe-config) in
        *extension_destdir*) echo "extension_destdir = '$WORK/install'" ;;
        *extension_control_path*)
            echo "extension_control_path = '$WORK/install/usr/share/postgresql/$PG_MAJOR:\$system'"
            ;;
    esac
}

server_settings() {
    # No network port: whoever may enter the socket's directory may connect, and nobody else.
    echo "listen_addresses = ''"
    echo "unix_socket_directories = '$WORK/run'"
    echo "timezone = 'UTC'"
    extension_settings
    printf '%s\n' "$@"
}

launch_server() {
    as_server_user initdb -D "$WORK/data" --username=postgres --auth=trust --locale=C.UTF-8 \
        --encoding=UTF8 --no-sync &&
        server_settings "$@" | as_server_user tee -a "$WORK/data/postgresql.conf" &&
        as_server_user pg_ctl -D "$WORK/data" -l "$WORK/run/server.log" -w -t 60 start && return
    cat "$WORK/run/server.log" 2>/dev/null
    return 1
}

# start_server [SETTING...]: initialises and starts the server, with further lines for
# postgresql.conf, and points psql and every other libpq program at it.
start_server() {
    local variable
    # None of the caller's own connection settings (PGSERVICE, PGOPTIONS, ...) may interfere.
    for variable in "${!PG@}"; do
        [[ $variable == PG_* ]] || unset "$variable"
    done
    export PGHOST=$WORK/run PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
    make_server_dir run
    make_server_dir data
    quietly "starting a throw-away PostgreSQL ${ON_MAJOR:-$PG_MAJOR} server" launch_server "$@"
}

# Stops the server, if there is one, and deletes its data.
stop_server() {
    if [ -f "$WORK/data/postmaster.pid" ]; then
        as_server_user pg_ctl -D "$WORK/data" -m immediate -w stop >/dev/null || true
    fi
    rm -rf "$WORK/data" "$WORK/run"
}

# run_sql ARGUMENT...: psql without ~/.psqlrc and pager, stopping at the first error.
run_sql() {
    psql -X -q -P pager=off -v ON_ERROR_STOP=1 "$@"
}
