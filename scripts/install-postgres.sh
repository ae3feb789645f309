#!/usr/bin/env bash
# Installs PostgreSQL and pgvector from Debian's packages (as root).
#
# Debian 13 has a package of pgvector for its PostgreSQL 17. Debian 12 (PostgreSQL 15) has none, not even in
# its backports: there the source package of Debian 13 is built for the server that is installed.
set -euo pipefail

RELEASE_WITH_PGVECTOR=trixie

say() { echo "install-postgres: $*" >&2; }
newest_server() { ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1 | cut -d/ -f5; }

[ "$(id -u)" = 0 ] || { say 'needs root: it installs packages.'; exit 2; }
apt-get update -qq
# A cluster of the machine's own is not wanted; scripts/postgres.sh makes private ones.
if [ -z "$(newest_server)" ]; then
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  apt-get install -y -qq --no-install-recommends postgresql
fi
version=$(newest_server)

if [ -e "/usr/share/postgresql/$version/extension/vector.control" ]; then
  say "pgvector is there for PostgreSQL $version."
  exit 0
fi
if apt-cache show "postgresql-$version-pgvector" >/dev/null 2>&1; then
  apt-get install -y -qq --no-install-recommends "postgresql-$version-pgvector"
  exit 0
fi

say "building Debian's pgvector for PostgreSQL $version"
apt-get install -y -qq --no-install-recommends --no-upgrade build-essential
apt-get install -y -qq --no-install-recommends "postgresql-server-dev-$version"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
# The archive is the one that this machine installs from; only the release differs.
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 'Component: main' | head -1)
echo "deb-src $archive $RELEASE_WITH_PGVECTOR main" >"$work/sources.list"
apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
"${apt[@]}" update
# apt checks the release's signature and the source's hash. --download-only: patches are not needed here.
(cd "$work" && "${apt[@]}" source --download-only pgvector && tar xzf pgvector_*.orig.tar.gz)
# OPTFLAGS: no instructions that only this machine has, as Debian builds it; with_llvm: no JIT bitcode.
make -s -C "$work"/pgvector-*/ OPTFLAGS='' with_llvm=no "PG_CONFIG=/usr/lib/postgresql/$version/bin/pg_config" install
say "pgvector is installed for PostgreSQL $version."
