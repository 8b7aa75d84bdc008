#!/bin/bash
# Tries the package on a real Debian 12 with a running systemd: installs, starts, reloads, restarts under load, upgrades, removes,
# purges. Usage, as root on Debian: deploy/deb/try.sh [PACKAGE.deb]. Without a package, it builds one.
# Needs mmdebstrap and systemd-container. Takes some minutes. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp --directory /var/tmp/gatehouse-try-XXXXXX)
root=$work/root
container=
clean_up() {
  [ -z "$container" ] || { kill "$container" && wait "$container"; } 2>/dev/null || true
  rm --recursive --force "$work"
}
trap clean_up EXIT

# --- the steps -------------------------------------------------------------------------------------------------------

fail() {
  echo "FAILED: $*" >&2
  inside journalctl --unit=gatehouse --no-pager --lines=20 >&2 || true
  exit 1
}

# says TITLE WANTED COMMAND…: what the command prints inside, and whether it succeeds, must match the glob WANTED.
says() {
  local title=$1 wanted=$2 said
  shift 2
  said=$(inside "$@" 2>&1) || said="$said; exit $?"
  # shellcheck disable=SC2053 # WANTED is a glob.
  [[ $said == $wanted ]] || fail "$title: wanted $wanted, got: $said"
  echo "ok  $title"
}

# Runs a command in the container.
inside() {
  nsenter --target "$init" --all --wdns=/root env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

boot() {
  systemd-nspawn --register=no --keep-unit --private-network --directory="$root" --boot </dev/null >"$work/boot.log" 2>&1 &
  container=$!
  for _ in $(seq 300); do
    init=$(pgrep --parent "$container" || true)
    case $([ -z "$init" ] || inside systemctl is-system-running 2>/dev/null) in running | degraded) return ;; esac
    sleep 0.2
  done
  echo "FAILED: Debian does not boot" >&2
  tail --lines=20 "$work/boot.log" >&2
  exit 1
}

config() {
  cat >"$root/etc/gatehouse/gateway.yaml"
}

# another VERSION: the package with another version, and a change in its conffile.
another() {
  dpkg-deb --raw-extract "$package" "$work/next"
  sed --in-place "s/^Version: .*/Version: $1/" "$work/next/DEBIAN/control"
  echo '# A comment of the next version.' >>"$work/next/etc/gatehouse/gateway.yaml"
  dpkg-deb -Znone --build "$work/next" "$root/root/next.deb" >/dev/null
  rm --recursive "$work/next"
}

package=${1:-}
if [ -z "$package" ]; then
  npm run --silent package:deb -- --out "$work"
  package=$(echo "$work"/gatehouse_*.deb)
fi
mmdebstrap --quiet --variant=minbase --include=systemd-sysv,dbus,adduser,libatomic1,libstdc++6,curl,procps,man-db bookworm "$root"
cp "$package" "$root/root/gatehouse.deb"
boot

echo '== installation'
inside dpkg --install gatehouse.deb >"$work/dpkg.log" 2>&1 || fail "dpkg: $(cat "$work/dpkg.log")"
says 'the service runs' active systemctl is-active gatehouse
says 'it starts at boot' enabled systemctl is-enabled gatehouse
says 'the socket does not' disabled* systemctl is-enabled gatehouse.socket
says 'it runs as its own user' gatehouse bash -c 'ps -o user= $(systemctl show --property=MainPID --value gatehouse)'
says 'the configuration is for root and the service' '750 root gatehouse' stat --format='%a %U %G' /etc/gatehouse
says 'the data is for the service' '700 gatehouse gatehouse' stat --format='%a %U %G' /var/lib/gatehouse
says 'threads that hash passwords have a low priority' 19 \
  bash -c 'cut -d" " -f19 $(grep -l libuv-worker /proc/$(systemctl show --property=MainPID --value gatehouse)/task/*/comm | sed s/comm/stat/) | sort -u'
says 'systemd verifies the units, with the manual page' '' systemd-analyze verify gatehouse.service gatehouse.socket
says 'the exposure is at most 2.0' '*: [01].[0-9] OK*' systemd-analyze security --no-pager --threshold=20 gatehouse.service
says 'the package is whole' '' dpkg --verify gatehouse
says 'commands use the configuration of the package' '/etc/gatehouse/gateway.yaml is valid: 1 route' gatehouse check
says 'root adds an account' 'Added ada@example.com*' \
  bash -c 'echo correct-horse-1 | gatehouse user add ada@example.com --confirmed --password-stdin'
says 'files stay those of the service' gatehouse bash -c 'stat --format=%U /var/lib/gatehouse/* | sort -u'
says 'the bash completion is found' '*_gatehouse*' bash -c '. /usr/share/bash-completion/completions/gatehouse; complete -p gatehouse'

echo '== requests'
cat >"$root/root/upstream.mjs" <<'END'
import { createServer } from 'node:http';
createServer(({ url, headers }, answer) => answer.end(`${url} for ${headers['x-user-id']}`)).listen(9000, '127.0.0.1');
END
inside systemd-run --quiet --unit=upstream /usr/lib/gatehouse/bin/node /root/upstream.mjs
says 'the upstream answers' '*' curl --silent --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:9000/
says 'a request reaches it' '/example/7 for 1' curl --silent --user ada@example.com:correct-horse-1 http://127.0.0.1:8080/api/v1/example/7
says 'SIGUSR1 opens no inspector' '*; exit 7' \
  bash -c 'systemctl kill --signal=USR1 --kill-whom=main gatehouse; sleep 1; curl --silent http://127.0.0.1:9229/json'

echo '== reload and restart'
config <<'END'
listen: { fd: listen }
database: { url: "sqlite:/var/lib/gatehouse/gatehouse.sqlite" }
workers: 1
routes:
  - { name: example, path: /api/v1/example, upstream: "http://127.0.0.1:9000" }
  - { name: open, path: /open, upstream: "http://127.0.0.1:9000", auth: none }
END
inside systemctl stop gatehouse
inside systemctl enable --quiet --now gatehouse.socket
says 'the first request starts the service by its socket' '/open for undefined' curl --silent http://127.0.0.1:8080/open
says 'every request during a restart and a reload gets its response' '300 200' bash -c '
  for i in $(seq 300); do curl --silent --output /dev/null --write-out "%{http_code}\n" http://127.0.0.1:8080/open; done >/root/codes &
  sleep 0.5; systemctl restart gatehouse && systemctl reload gatehouse; wait; echo $(uniq --count /root/codes)'
sed --in-place 's/^workers: 1/workers: 2/' "$root/etc/gatehouse/gateway.yaml"
inside systemctl restart gatehouse
says 'the killed worker is replaced' 2 bash -c '
  main=$(systemctl show --property=MainPID --value gatehouse); kill -KILL $(pgrep --parent $main | head --lines=1)
  for i in $(seq 100); do sleep 0.1; [ $(pgrep --parent $main | wc --lines) = 2 ] && gatehouse ready >/dev/null 2>&1 && break; done
  pgrep --parent $main | wc --lines'
sed --in-place 's/^workers/wokers/' "$root/etc/gatehouse/gateway.yaml"
says 'a wrong configuration fails the reload' '*failed*; exit 1' systemctl reload gatehouse
says 'and its place is in the journal' '*gateway.yaml:3:1  wokers  unknown key*' journalctl --unit=gatehouse --no-pager
says 'and the service goes on' active systemctl is-active gatehouse
says 'a start that fails is reported within 10 s' '*; exit 1' timeout 10 systemctl restart gatehouse
inside systemctl disable --quiet --now gatehouse.socket
sed --in-place 's/^wokers: 2/ops: { port: 8081 }/; s/^listen: .*/listen: { host: 0.0.0.0, port: 443 }/' "$root/etc/gatehouse/gateway.yaml"
says 'once it is right, the service starts by itself' active \
  bash -c 'for i in $(seq 100); do sleep 0.1; systemctl is-active --quiet gatehouse && break; done; systemctl is-active gatehouse'
says 'it may listen on port 443' '/open for undefined' curl --silent http://127.0.0.1:443/open

echo '== upgrade, removal, purge'
another 99.0-1
says 'dpkg upgrades' '*Setting up gatehouse (99.0-1)*' dpkg --install --force-confold next.deb
says 'the service runs' active systemctl is-active gatehouse
says 'the new program runs' '/usr/lib/gatehouse/bin/node' \
  bash -c 'readlink /proc/$(systemctl show --property=MainPID --value gatehouse)/exe'
says 'the changed configuration is kept' '*port: 443*' cat /etc/gatehouse/gateway.yaml
says 'the account is kept' '*ada@example.com*' gatehouse user list
says 'an administrator disables the service' '' systemctl disable --quiet gatehouse
says 'dpkg installs it again' '*' dpkg --install --force-confold gatehouse.deb
says 'which does not enable it' 'disabled*' systemctl is-enabled gatehouse
says 'dpkg removes it' '*Removing gatehouse*' dpkg --remove gatehouse
says 'the service is stopped' '*inactive*' systemctl is-active gatehouse
says 'configuration and data are kept' '/etc/gatehouse/gateway.yaml*/var/lib/gatehouse/gatehouse.sqlite' \
  ls /etc/gatehouse/gateway.yaml /var/lib/gatehouse/gatehouse.sqlite
says 'dpkg purges it' '*Purging*' dpkg --purge gatehouse
says 'no file is left' '' find / -xdev -path /proc -prune -o -path /root -prune -o -path /var/cache/man -prune -o -iname '*gatehouse*' -print
says 'no user is left' '*; exit 2' getent passwd gatehouse
echo 'The package is sound.'
