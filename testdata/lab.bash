# lab.bash: real mail programs on loopback addresses, for tests, without installing them. Debian 12, root. Sourced by
# the lab.sh of a lab, with that script's arguments:
#
#   lab.sh up              download, unpack and start everything; does nothing when it is up already
#   lab.sh fetch           only download: up then needs no network
#   lab.sh down            stop everything that up started
#   lab.sh status          one line for each server; status 0 when all are up
#   lab.sh in NAME CMD...  run a command where the server NAME runs, as root: lab.sh in postfix postconf -n
#
# Nothing is installed. Mail servers exclude each other as packages, so each package is only downloaded; a server runs in
# mount, process and host name spaces of its own, where its packages are unpacked over this machine's file system, or, if
# they are of another release of Debian, over nothing, with all that they need. What is written goes to memory. The
# network is this machine's loopback.
#
# The script that sources this sets
#   conf      its own directory; a directory in it is a server: server.conf says which packages and addresses, run.sh
#             starts it; suite, where it says one, is the release of Debian that the packages are from. Inside, /lab/conf is $conf, /lab/pki, /lab/log and /lab/shared directories of $state
#   state     where logs, process numbers and certificates (in pki/) are kept
#   servers   their names, in the order in which they start
#   resolver  the address in resolv.conf
#   domain    whose host NAME.domain a server is by default
# and the function certificates, which is called before the start and fills $state/pki, unless somebody else does.
#
# Needs: apt-get, dpkg, unshare, nsenter, mount. Stops only processes that it started.
# shellcheck shell=bash disable=SC2154
suites=/var/tmp/mxtls-suites # lists and packages of other releases of Debian than this machine's, for all labs
patience=30 # seconds for a server to listen; the slowest needs 3 on an idle machine

say() { echo "lab: $*" >&2; }
die() {
	say "$*"
	exit 1
}

# load NAME: the server's own settings, in packages, listen, hostname and suite; and where its packages are kept.
load() {
	packages='' listen='' hostname=$1.$domain suite='' archives=/var/cache/apt/archives
	# shellcheck disable=SC1090
	. "$conf/$1/server.conf"
	[ -z "$suite" ] || archives=$suites/$suite/archives
}

# apt ARGUMENT...: apt-get, for the server's release of Debian. Another than this machine's has its own lists and
# archives under $suites, and a machine on which nothing is installed.
apt() {
	local home=$suites/$suite
	if [ -z "$suite" ]; then
		apt-get -qq -y "$@"
		return
	fi
	mkdir -p "$home/lists/partial" "$archives/partial"
	: >"$home/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" >"$home/sources.list"
	flock "$suites/lock" apt-get -qq -y -o Dir::Etc::SourceList="$home/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$home/lists" -o Dir::State::status="$home/status" -o Dir::Cache="$home" \
		-o Dir::Cache::archives="$archives" "$@"
}

# mirror: where this machine has Debian from.
mirror() {
	local site
	site=$(apt-get indextargets --format '$(SITE)' | awk '/\/debian\/?$/ && !seen++')
	echo "${site:-http://deb.debian.org/debian}"
}

# debs PACKAGE...: the files, in apt's cache, of the packages and of what they need that is not installed. Apt names
# only what it would fetch, hence the empty cache.
debs() {
	mkdir -p "$state/empty/partial"
	apt install --no-install-recommends --print-uris -o Dir::Cache::archives="$state/empty" "$@" |
		awk -v archives="$archives" '/^\047/ { print archives "/" $2 }'
}

# have FILE...: whether all the files are there.
have() {
	local file
	for file; do [ -f "$file" ] || return 1; done
}

# fetch NAME: downloads the server's packages and leaves the list of their files in packages/NAME. The package lists
# are fetched when there are none, or too old ones.
fetch() {
	local list=$state/packages/$1 get="apt install --no-install-recommends --download-only"
	# shellcheck disable=SC2046,SC2086
	if ! [ "$(head -n 1 "$list" 2>/dev/null)" = "# $suite $packages" ] || ! have $(tail -n +2 "$list"); then
		if ! $get $packages >/dev/null 2>&1; then
			say "apt-get update $suite"
			apt update
			$get $packages >/dev/null
		fi
		{ echo "# $suite $packages" && debs $packages; } >"$list.new"
		mv "$list.new" "$list"
	fi
}

# unpack NAME ROOT: the server's packages over ROOT, where /lib and its like may be symbolic links. No script of theirs
# is run, so of a whole system the accounts are still to be made.
unpack() {
	local file dir
	if [ -n "$suite" ]; then
		mkdir -p "$2/usr"
		for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$2/$dir"; done
	fi
	tail -n +2 "$state/packages/$1" | while read -r file; do
		dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink -C "$2"
	done
	if [ -n "$suite" ]; then
		for file in passwd group; do cp "$2/usr/share/base-passwd/$file.master" "$2/etc/$file"; done
	fi
}

# birth PID: when a process was started, in clock ticks since boot; with the pid it names one process for good.
birth() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null || true; }

# alive NAME: whether the process that we started for a server still runs; its pid is then in $pid.
alive() {
	local born
	[ -f "$state/run/$1" ] || return 1
	read -r pid born <"$state/run/$1"
	[ -n "$born" ] && [ "$(birth "$pid")" = "$born" ]
}

# answers ADDRESS:PORT: whether somebody accepts connections there.
answers() { (exec 3<>"/dev/tcp/${1%:*}/${1#*:}") 2>/dev/null; }

# start NAME: runs a server and waits until it listens on all of its addresses.
start() {
	local name=$1 at deadline=$((SECONDS + patience))
	for at in $listen; do ! answers "$at" || die "$name: something else listens on $at"; done
	mkdir -p "$state/log/$name" "$state/rw/$name"
	setsid unshare --mount --pid --uts --ipc --fork --kill-child=KILL --propagation private \
		"$conf/lab.sh" enter "$name" </dev/null >"$state/log/$name/output" 2>&1 9>&- &
	pid=$!
	echo "$pid $(birth "$pid")" >"$state/run/$name"
	for at in $listen; do
		until answers "$at"; do
			alive "$name" || die "$name: ended, see $state/log/$name: $(tail -n 3 "$state/log/$name/output")"
			[ "$SECONDS" -lt "$deadline" ] || die "$name: nothing on $at, see $state/log/$name"
			sleep 0.1
		done
	done
}

# enter NAME: process 1 of a server's name spaces: builds its file system and runs run.sh in it.
enter() {
	local name=$1 rw=$state/rw/$1 root=$state/rw/$1/root node
	load "$name"
	hostname "$hostname"
	mount -t tmpfs -o mode=0755 tmpfs "$rw"
	mkdir "$rw/upper" "$rw/work" "$root"
	if [ -z "$suite" ]; then
		mount -t overlay -o "lowerdir=/,upperdir=$rw/upper,workdir=$rw/work" overlay "$root"
	else
		mkdir "$root/dev" "$root/run" "$root/tmp" "$root/proc" "$root/etc"
	fi
	unpack "$name" "$root"
	mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
	mount -t tmpfs -o mode=0755 tmpfs "$root/run"
	mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
	mount -t proc proc "$root/proc"
	for node in null zero full random urandom; do
		: >"$root/dev/$node"
		mount --bind "/dev/$node" "$root/dev/$node"
	done
	ln -s /proc/self/fd "$root/dev/fd"
	ln -s /proc/self/fd/1 "$root/dev/stdout"
	mkdir -p "$root/lab/conf" "$root/lab/pki" "$root/lab/log" "$root/lab/shared"
	mount --bind -o ro "$conf" "$root/lab/conf"
	mount --bind "$state/pki" "$root/lab/pki"
	mount --bind "$state/log/$name" "$root/lab/log"
	mount --bind "$state/shared" "$root/lab/shared"
	rm -f "$root/etc/resolv.conf"
	echo "nameserver $resolver" >"$root/etc/resolv.conf"
	rm -f "$root/etc/hosts"
	printf '127.0.0.1 localhost\n%s %s\n' "${listen%%:*}" "$hostname" >"$root/etc/hosts"
	exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TZ=UTC LANG=C.UTF-8 \
		/bin/bash "/lab/conf/$name/run.sh"
}

stop() {
	alive "$1" || { rm -f "$state/run/$1"; return 0; }
	kill -KILL "$pid" # and with it, by --kill-child, process 1 of its name space, and with that all others
	while alive "$1" && [ "$(awk '{ print $3 }' "/proc/$pid/stat" 2>/dev/null)" != Z ]; do sleep 0.05; done
	rm -f "$state/run/$1"
}

fetchall() {
	local name
	mkdir -p "$state/packages"
	for name in $servers $servers; do # twice, since apt-get update may empty the cache (Docker's images do so)
		load "$name"
		fetch "$name"
	done
	say "packages ready after $SECONDS s"
}

up() {
	local name started=$SECONDS
	if status >/dev/null; then return; fi
	down
	mkdir -p "$state/run" "$state/shared"
	fetchall
	rm -rf "$state/log" "${state:?}/shared/"*
	certificates
	local job jobs=()
	for name in $servers; do
		load "$name"
		start "$name" &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	say "up after $((SECONDS - started)) s; logs in $state/log, certificates in $state/pki"
}

down() {
	local name
	for name in $servers; do stop "$name"; done
}

status() {
	local name word all=0
	for name in $servers; do
		word=up
		alive "$name" || { word=down all=1; }
		echo "$name $word"
	done
	return $all
}

# inside NAME CMD...: a command in the name spaces and the file system of a server.
inside() {
	local name=$1 init
	shift
	alive "$name" || die "$name is not up"
	init=$(cat "/proc/$pid/task/$pid/children")
	exec nsenter --target "${init%% *}" --mount --pid --uts --ipc --root --wd -- "$@"
}

case ${1-} in
up | down | fetch)
	[ "$(id -u)" = 0 ] || die "must be root"
	mkdir -p "$state"
	exec 9>"$state/lock"
	flock 9
	case $1 in fetch) fetchall ;; *) "$1" ;; esac
	;;
status) status ;;
in) inside "${@:2}" ;;
enter) enter "$2" ;;
*) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$conf/lab.sh" >&2 && exit 2 ;;
esac
