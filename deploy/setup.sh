#!/usr/bin/env bash
# Installs what building and running (or testing) sage-mcp needs and the machine lacks.
#
#	deploy/setup.sh --for run|test|faults|bench|deploy
#
# Looks first, by files and pkg-config: when everything is there it says nothing
# and is done in a moment. Otherwise it installs with apt and nothing else, and
# tells what and why. Two things are not in every distribution and then come
# from Debian trixie, signature-checked by apt: llhttp (its packages) and
# pgvector (its source, built here). For that apt runs on a private set of
# lists in a temporary directory: the machine's own sources stay as they are.
#
# PostgreSQL is installed for its programs only: no system cluster is created,
# started or touched.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/private-pg.sh
. "$here/private-pg.sh"

debian_default=http://deb.debian.org/debian # what makes it safe is apt's check of the signatures
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# For which purpose | package | how to see that it is there | why.
needs='
run   | build-essential  | command cc           | compiles the server
run   | cmake            | command cmake        | describes the build
run   | ninja-build      | command ninja        | runs the build
run   | pkg-config       | command pkg-config   | finds the libraries
run   | libevent-dev     | library libevent_extra | the event loop
run   | libpq-dev        | library libpq        | talks to PostgreSQL
run   | libjansson-dev   | library jansson      | reads and writes JSON
run   | uuid-dev         | library uuid         | makes ids
run   | libssl-dev       | library libcrypto    | hashes API keys
run   | libcurl4-openssl-dev | library libcurl    | asks embedding providers
run   | libllhttp-dev    | library libllhttp    | parses HTTP
run   | libutf8proc-dev  | library libutf8proc  | normalises Unicode
run   | libstemmer-dev   | header libstemmer.h  | finds the stems of English words
run   | postgresql       | postgresql           | keeps the memories (private cluster, no system service)
run   | pgvector         | pgvector             | vector search inside PostgreSQL
run   | tzdata           | zones                | tells what the clocks show in a zone
run   | curl             | command curl         | asks the server whether it is ready
test  | libcmocka-dev    | library cmocka       | unit tests
test  | clang            | command clang        | second compiler and fuzzing
test  | libclang-rt-dev  | fuzzer               | run time of the fuzzer and sanitizers
test  | clang-tidy       | command clang-tidy   | static analysis
test  | cppcheck         | command cppcheck     | static analysis
test  | shellcheck       | command shellcheck   | checks the scripts
test  | python3-venv     | venv                 | integration tests
test  | nodejs           | command node         | MCP SDK clients for the integration tests
test  | npm              | command npm          | installs these clients
test  | nginx-light      | program nginx        | the proxy of the protocol tests (no system service)
test  | prometheus       | command promtool     | checks the metrics (no system service)
test  | iproute2         | program ip           | network namespaces for the fault tests
test  | iptables         | program iptables     | cuts lines in these namespaces
test  | faketime         | command faketime     | sets the clocks of servers under test
test  | logrotate        | program logrotate    | rotates the log of a server under test
faults | slowhttptest    | command slowhttptest | clients that send slowly
bench | wrk              | command wrk          | makes the load
bench | pgbouncer        | program pgbouncer    | what the pool is compared with (no system service)
deploy | docker.io       | command dockerd      | runs the containers of the deployment tests
deploy | docker-compose  | command docker-compose | starts them as the compose files say
deploy | debootstrap     | command debootstrap  | makes the base images
deploy | age             | command age          | encrypts backups
deploy | gnupg           | command gpg          | encrypts backups
'

# --- looking ---------------------------------------------------------------

is_there() {
	case $1 in
	command) command -v "$2" >/dev/null ;;
	library) pkg-config --exists "$2" 2>/dev/null ;;
	header) [ -e "/usr/include/$2" ] ;; # of a library that pkg-config does not know
	postgresql) pg_find any ;;
	pgvector) pg_find vector ;;
	fuzzer) compgen -G "$(clang -print-resource-dir 2>/dev/null)/lib/*/libclang_rt.fuzzer*" >/dev/null ;;
	program) command -v "$2" >/dev/null || [ -x "/usr/sbin/$2" ] ;; # also where only root looks
	zones) [ -e "${TZDIR:-/usr/share/zoneinfo}/Asia/Shanghai" ] ;;
	venv) python3 -c 'import ensurepip' 2>/dev/null ;;
	esac
}

# Prints "package|why" for what is missing for the purposes given.
missing_for() {
	local purpose package check why kind name
	while IFS='|' read -r purpose package check why; do
		read -r purpose <<<"$purpose"
		[[ -n $purpose && " $* " == *" $purpose "* ]] || continue
		read -r package <<<"$package"
		read -r kind name <<<"$check"
		is_there "$kind" "$name" || printf '%s|%s\n' "$package" "${why# }"
	done <<<"$needs"
}

# --- installing ------------------------------------------------------------

say() {
	printf 'setup: %s\n' "$*"
}

die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

install_packages() {
	say "apt-get install $*"
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -qq -o Dpkg::Use-Pty=0 install \
		-y --no-install-recommends "$@" >"$work/apt.log" 2>&1 </dev/null && return
	tail -n 20 "$work/apt.log" >&2
	die "apt-get could not install $*; what it said is above"
}

in_distribution() {
	apt-cache policy "$1" | grep -q 'Candidate: [0-9]'
}

# Where this machine gets Debian from, so that a local mirror is used here too.
debian_mirrors() {
	# shellcheck disable=SC2016 # apt fills in $(REPO_URI)
	apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1
	printf '%s\n' "$debian_default"
}

# apt-get or apt-cache, seeing Debian trixie alone.
trixie() {
	local tool=$1
	shift
	"$tool" -qq -o Dir::Etc::SourceList="$work/trixie.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Dir::State::Lists="$work/lists" \
		-o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}

trixie_open() {
	local mirror
	[ ! -e "$work/trixie.list" ] || return 0
	[ -e "$debian_keys" ] || install_packages debian-archive-keyring
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	for mirror in $(debian_mirrors); do
		printf '%s [signed-by='"$debian_keys"'] '"$mirror"' trixie main\n' deb deb-src >"$work/trixie.list"
		say "reading Debian trixie's package list from $mirror (for this run only)"
		if trixie apt-get -o APT::Update::Error-Mode=any update >"$work/apt.log" 2>&1; then
			return
		fi
	done
	tail -n 5 "$work/apt.log" >&2
	die "Debian trixie's package list cannot be read; what apt said is above"
}

install_llhttp() {
	local names
	if in_distribution libllhttp-dev; then
		install_packages libllhttp-dev
		return
	fi
	say "this distribution has no libllhttp-dev: taking Debian trixie's"
	trixie_open
	names=$(trixie apt-cache search --names-only '^libllhttp([0-9.]+|-dev)$' | cut -d' ' -f1)
	# shellcheck disable=SC2086 # a list of names
	(cd "$work" && trixie apt-get download $names) || die "libllhttp cannot be downloaded"
	install_packages "$work"/libllhttp*.deb
}

# The programs, without the "main" cluster that Debian's package makes by itself.
install_postgresql() {
	local package quiet=/etc/postgresql-common/createcluster.d/sage-mcp.conf
	package=$(apt-cache depends postgresql | sed -n 's/.*Depends: \(postgresql-[0-9]*\)$/\1/p' | head -n 1)
	[ "${package#postgresql-}" -ge "$PG_OLDEST" ] 2>/dev/null ||
		die "PostgreSQL $PG_OLDEST or newer is needed (Debian 12, Ubuntu 24.04 or newer); apt offers ${package:-none}"
	install_packages postgresql-common
	mkdir -p "${quiet%/*}"
	printf 'create_main_cluster = false\n' >"$quiet"
	install_packages "$package"
	rm -f "$quiet"
	pg_find any || die "$package is installed, but its programs are not in /usr/lib/postgresql"
}

install_pgvector() {
	local version package
	pg_find any || die "PostgreSQL is not installed"
	version=$(basename "$(dirname "$PG_BIN")")
	package=postgresql-$version-pgvector
	if in_distribution "$package"; then
		install_packages "$package"
		return
	fi
	say "this distribution has no $package: building it from Debian trixie's source"
	install_packages build-essential dpkg-dev "postgresql-server-dev-$version"
	trixie_open
	(
		cd "$work"
		trixie apt-get source pgvector
		# Portable code (no -march=native), and no bitcode: that would need one exact clang.
		make -s -C pgvector-*/ OPTFLAGS="" with_llvm=no PG_CONFIG="$PG_BIN/pg_config" all install
	) >"$work/pgvector.log" 2>&1 || {
		tail -n 20 "$work/pgvector.log" >&2
		die "pgvector cannot be built; what was said is above"
	}
}

# install_program PACKAGE SERVICE: the program, without the service that Debian's package starts by itself.
install_program() {
	if [ ! -e /usr/sbin/policy-rc.d ]; then # else the operator has said what may start
		no_start=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' >"$no_start"
		chmod +x "$no_start"
	fi
	install_packages "$1"
	[ -z "$no_start" ] || rm -f "$no_start"
	no_start=
	! command -v systemctl >/dev/null || systemctl --quiet disable "$2.service" 2>/dev/null || true
}

install_missing() {
	local package why plain=()
	work=$(mktemp -d /tmp/sage-setup.XXXXXX)
	no_start=
	trap 'rm -rf "$work" /etc/postgresql-common/createcluster.d/sage-mcp.conf $no_start' EXIT
	say "apt-get update"
	apt-get -qq update >"$work/apt.log" 2>&1 </dev/null ||
		say "apt-get update failed; going on with the lists there are"
	while IFS='|' read -r package why; do
		case $package in
		libllhttp-dev | postgresql | pgvector | nginx-light | prometheus | pgbouncer | docker.io) ;;
		*) plain+=("$package") ;;
		esac
	done <<<"$1"
	[ ${#plain[@]} -eq 0 ] || install_packages "${plain[@]}"
	[[ $1 != *libllhttp-dev\|* ]] || install_llhttp
	[[ $1 != *postgresql\|* ]] || install_postgresql
	[[ $1 != *pgvector\|* ]] || install_pgvector
	[[ $1 != *nginx-light\|* ]] || install_program nginx-light nginx
	[[ $1 != *prometheus\|* ]] || install_program prometheus prometheus
	[[ $1 != *pgbouncer\|* ]] || install_program pgbouncer pgbouncer
	[[ $1 != *docker.io\|* ]] || install_program docker.io docker
}

# --- the run ---------------------------------------------------------------

usage() {
	sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

purposes() {
	case $1 in
	run) echo run ;;
	test) echo run test ;;
	faults) echo run test faults ;;
	bench) echo run test bench ;;
	deploy) echo run test deploy ;;
	*) die "--for takes run, test, faults, bench or deploy, not '$1'" ;;
	esac
}

main() {
	local purpose=run wanted missing
	while [ $# -gt 0 ]; do
		case $1 in
		--for)
			purpose=${2-}
			shift
			;;
		-h | --help)
			usage
			return
			;;
		*) die "unknown argument '$1'; usage: deploy/setup.sh --for run|test|faults|bench|deploy" ;;
		esac
		shift || die "--for takes run, test, faults, bench or deploy"
	done
	wanted=$(purposes "$purpose")
	# shellcheck disable=SC2086 # a list of purposes
	missing=$(missing_for $wanted)
	[ -n "$missing" ] || return 0

	say "missing on this machine:"
	while IFS='|' read -r package why; do
		printf '  %-16s %s\n' "$package" "$why"
	done <<<"$missing"
	command -v apt-get >/dev/null ||
		die "there is no apt-get here to install it with; Debian 12, 13 or Ubuntu 24.04 (or newer) is needed"
	if [ "$(id -u)" -ne 0 ]; then
		printf 'setup: this installs it (then run your command again):\n\n  sudo %q --for %s\n\n' \
			"$here/setup.sh" "$purpose" >&2
		exit 1
	fi
	install_missing "$missing"

	# shellcheck disable=SC2086
	missing=$(missing_for $wanted)
	[ -z "$missing" ] || die "still missing after installing: $(cut -d'|' -f1 <<<"$missing" | xargs)"
	say "done"
}

main "$@"
