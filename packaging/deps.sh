#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# deps.sh GROUP...: installs what is missing to build, test, demo or fuzz fwlog, on Debian and
# Ubuntu (apt-get) and on Fedora and RHEL-like systems (dnf). Silent when nothing is missing;
# without the right to install it prints the line to run and exits 1.
set -eu

debian_packages() {
	case $1 in
	build) echo gcc libc6-dev make pkg-config libevent-dev libpq-dev libzstd-dev zlib1g-dev \
		libinih-dev libsodium-dev libpcre2-dev uthash-dev libnetfilter-log-dev libmnl-dev \
		libnfnetlink-dev libnftables-dev libjansson-dev libseccomp-dev libyaml-dev \
		libcurl4-openssl-dev ;;
	server) echo postgresql nftables iproute2 iputils-ping lighttpd curl procps \
		util-linux python3 ;;
	tools) echo check clang-format faketime mandoc universal-ctags shellcheck ulogd2 \
		ulogd2-pcap tcpdump tshark prometheus prometheus-alertmanager nmap ;;
	fuzz) echo clang libclang-rt-dev ;;
	bench) echo libpcap-dev ;;
	web)
		echo nodejs chromium apache2 nginx fcgiwrap spawn-fcgi libfcgi-dev pngquant
		# Other builds of Node.js bring it along, and exclude Debian's.
		command -v npm >/dev/null || echo npm
		;;
	esac
}

rpm_packages() {
	case $1 in
	build) echo gcc glibc-devel make pkgconf-pkg-config libevent-devel libpq-devel \
		libzstd-devel zlib-devel inih-devel libsodium-devel pcre2-devel uthash-devel libnetfilter_log-devel \
		libmnl-devel libnfnetlink-devel nftables-devel jansson-devel \
		libseccomp-devel libyaml-devel libcurl-devel ;;
	server) echo postgresql-server nftables iproute iputils lighttpd curl procps-ng \
		util-linux python3 ;;
	tools) echo check-devel clang-tools-extra libfaketime mandoc ctags ShellCheck ulogd tcpdump \
		libasan libubsan wireshark-cli nmap ;;
	fuzz) echo clang compiler-rt ;;
	bench) echo libpcap-devel ;;
	web) echo nodejs npm chromium httpd nginx fcgiwrap spawn-fcgi fcgi-devel pngquant ;;
	esac
}

# Package sets of a group.
sets_of() {
	case $1 in
	build) echo build ;;
	test) echo server tools ;;
	demo) echo server ;;
	fuzz) echo fuzz ;;
	bench) echo bench ;;
	web) echo web ;;
	*)
		echo "deps.sh: $1: unknown group; the groups are build, test, demo, fuzz, bench, web" >&2
		return 1
		;;
	esac
}

debian_missing() {
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^installed //p')
	for p; do
		echo "$installed" | grep -qxF -e "$p" || echo "$p"
	done
}

rpm_missing() {
	for p; do
		rpm -q --quiet --whatprovides "$p" || echo "$p"
	done
}

# The packages' services stay down: policy-rc.d forbids starting them while we install.
debian_install() {
	policy=/usr/sbin/policy-rc.d
	if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
		$sudo apt-get -q update
	fi
	# shellcheck disable=SC2016 # the inner shell expands them
	$sudo env DEBIAN_FRONTEND=noninteractive sh -c '
		policy=$1
		shift
		if [ ! -e "$policy" ]; then
			printf "#!/bin/sh\nexit 101\n" >"$policy"
			chmod 755 "$policy"
			trap "rm -f $policy" EXIT
			trap "exit 1" INT TERM
		fi
		apt-get -q -y install --no-install-recommends "$@" ||
			{ apt-get -q update &&
			apt-get -q -y install --no-install-recommends "$@"; }
	' sh "$policy" "$@"
}

rpm_install() {
	$sudo dnf -q -y install --setopt=install_weak_deps=False "$@"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	family=debian
	by_hand="apt-get install --no-install-recommends"
elif command -v dnf >/dev/null; then
	family=rpm
	by_hand="dnf install"
else
	# Nothing to install with: the build says what it misses.
	exit 0
fi

wanted=
for group; do
	sets=$(sets_of "$group")
	for set in $sets; do
		wanted="$wanted $("${family}_packages" "$set")"
	done
done
[ -n "$wanted" ] || exit 0

# shellcheck disable=SC2086 # a list of words
missing=$("${family}_missing" $wanted | sort -u | tr '\n' ' ')
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	sudo=
elif sudo -n true 2>/dev/null; then
	sudo="sudo -n"
else
	echo "fwlog: packages are missing; install them with:" >&2
	echo "  sudo $by_hand $missing" >&2
	exit 1
fi
echo "fwlog: installing $missing" >&2
# shellcheck disable=SC2086
if ! "${family}_install" $missing >&2; then
	echo "fwlog: installing failed; by hand: $by_hand $missing" >&2
	exit 1
fi
