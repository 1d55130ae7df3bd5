#!/usr/bin/env bash
# The chart against a real kube-apiserver, with Helm 3 and Helm 4: install, upgrade, roll back,
# uninstall, in a namespace under Pod Security `restricted`, without a warning. What held is kept in
# docs/results/cluster.md.
#
# There is an API server and its etcd, no node and no controller: everything is admitted and stored, and
# nothing is started (scripts/test-kube.sh starts the pod). The API server is compiled the first time,
# about ten minutes of processor time, into the user's cache.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
# shellcheck source=checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
subject=cluster
tools_helm
tools_cluster
needs openssl openssl
kubectl=$root/.tools/helm/4/kubectl
work=$(mktemp -d)
started=()
stop() {
  local rc=$? process
  # Without etcd the API server waits for it instead of ending, and neither has anything to keep.
  for process in "${started[@]}"; do kill -KILL -- "-$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  ((rc == 0)) || tail -n 20 "$work"/*.log >&2 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 143' TERM INT

# unwarned COMMAND…: it succeeds and says no warning.
unwarned() {
  local rc=0
  "$@" >"$work/said" 2>&1 || rc=$?
  cat "$work/said"
  ((rc == 0)) && ! grep -qiE 'warning|would violate' "$work/said"
}

etcd=http://127.0.0.1:$(free_port)
peer=http://127.0.0.1:$(free_port)
server=https://127.0.0.1:$(free_port)
token=$(openssl rand -hex 24)
openssl genrsa -out "$work/accounts.key" 2048 2>/dev/null
printf '%s,operator,1,"system:masters"\n' "$token" >"$work/tokens.csv"
setsid .tools/etcd-server/usr/bin/etcd --data-dir "$work/etcd" --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
  --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" \
  --unsafe-no-fsync >"$work/etcd.log" 2>&1 &
started+=($!)
wait_for 30 curl -sSf "$etcd/health" || die "etcd is not ready"
setsid "$cluster/kube-apiserver" --etcd-servers="$etcd" --bind-address=127.0.0.1 --secure-port="${server##*:}" \
  --cert-dir="$work/certificates" --service-cluster-ip-range=10.96.0.0/24 --authorization-mode=RBAC \
  --token-auth-file="$work/tokens.csv" --service-account-issuer=https://cluster.example \
  --service-account-key-file="$work/accounts.key" --service-account-signing-key-file="$work/accounts.key" \
  >"$work/apiserver.log" 2>&1 &
started+=($!)
cat >"$work/config" <<END
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: "$server", certificate-authority: "$work/certificates/apiserver.crt"}}]
contexts: [{name: here, context: {cluster: here, user: operator}}]
users: [{name: operator, user: {token: $token}}]
END
export KUBECONFIG=$work/config HOME=$work
wait_for 120 "$kubectl" get --raw /readyz || die "the API server is not ready"

namespace() {
  "$kubectl" create namespace "$1" &&
    "$kubectl" label namespace "$1" pod-security.kubernetes.io/{enforce,warn,audit}=restricted &&
    # The controllers make it in a whole cluster; the pod of `helm test` runs as it.
    "$kubectl" --namespace "$1" create serviceaccount default
}

# stored NAMESPACE JSONPATH: of the StatefulSet.
stored() { "$kubectl" --namespace "$1" get statefulset freehold --output "jsonpath=$2"; }

equals() { [[ $1 == "$2" ]] || { echo "$1 is not $2"; return 1; }; }

# The pods as the StatefulSet and the Job before an upgrade would make them, and the one of `helm test`,
# pass admission.
pods_admitted() {
  local values=$1 name=$2 helm=$3
  "$helm" template freehold helm/freehold --namespace "$name" --values "$values" |
    python3 -c '
import sys, yaml
for one in yaml.safe_load_all(sys.stdin):
    if one and one["kind"] in ("StatefulSet", "Job"):
        pod = {"apiVersion": "v1", "kind": "Pod", **one["spec"]["template"]}
        pod["metadata"]["name"] = one["metadata"]["name"] + "-0"
        if one["kind"] == "StatefulSet":
            claim = {"claimName": "data-freehold-0"}
            pod["spec"]["volumes"].append({"name": "data", "persistentVolumeClaim": claim})
        print("---\n" + yaml.safe_dump(pod))
    elif one and one["kind"] == "Pod":
        print("---\n" + yaml.safe_dump(one))' |
    "$kubectl" --namespace "$name" create --dry-run=server --validate=strict --filename -
}

# held_up NAMESPACE COMMAND…: the upgrade waits for the backup, which nobody makes here, and changes
# nothing. Its Job was admitted without a warning.
held_up() {
  local name=$1
  shift
  ! "$@" --timeout 5s >"$work/said" 2>&1 && cat "$work/said" && ! grep -qiE 'warning|would violate' "$work/said" &&
    grep -q 'pre-upgrade hooks failed' "$work/said" &&
    "$kubectl" --namespace "$name" get job freehold-backup &&
    equals IfNotPresent "$(stored "$name" '{.spec.template.spec.containers[0].imagePullPolicy}')"
}

# A pod that asks for more is refused there, so that the checks above say something.
root_refused() {
  ! "$kubectl" --namespace "$1" run root --image=localhost/x --dry-run=server >"$work/root" 2>&1 &&
    grep -q 'violates PodSecurity "restricted' "$work/root"
}

# What makes such pods is warned about, which is what the checks above look for.
maker_warned() {
  "$kubectl" --namespace "$1" create deployment root --image=localhost/x --dry-run=server 2>"$work/warned" &&
    grep -q 'would violate PodSecurity "restricted' "$work/warned"
}

for major in 3 4; do
  helm=$root/.tools/helm/$major/helm
  for example in evaluation aks air-gapped; do
    values=helm/freehold/examples/$example.yaml
    name=$example-$major
    at=(--namespace "$name")
    check "Helm $major, $example: a namespace under Pod Security restricted" unwarned namespace "$name"
    check "Helm $major, $example: install" unwarned "$helm" install freehold helm/freehold "${at[@]}" --values "$values"
    check "Helm $major, $example: its pods are admitted" unwarned pods_admitted "$values" "$name" "$helm"
    upgrade=("$helm" upgrade freehold helm/freehold "${at[@]}")
    changed=(--values "$values" --set "config.log.level=debug,image.pullPolicy=Always")
    if grep -q 'beforeUpgrade: true' "$values"; then
      check "Helm $major, $example: no upgrade without the backup before it" held_up "$name" "${upgrade[@]}" "${changed[@]}"
    fi
    check "Helm $major, $example: upgrade" unwarned "${upgrade[@]}" "${changed[@]}" --no-hooks
    check "Helm $major, $example: upgrade with --reset-then-reuse-values" unwarned "${upgrade[@]}" --reset-then-reuse-values --no-hooks
    check "Helm $major, $example: what was changed is there" unwarned equals Always \
      "$(stored "$name" '{.spec.template.spec.containers[0].imagePullPolicy}')"
    check "Helm $major, $example: roll back" unwarned "$helm" rollback freehold 1 "${at[@]}"
    check "Helm $major, $example: what was before is there" unwarned equals IfNotPresent \
      "$(stored "$name" '{.spec.template.spec.containers[0].imagePullPolicy}')"
    check "Helm $major, $example: uninstall" unwarned "$helm" uninstall freehold "${at[@]}"
  done
done
check "a pod that runs as root is refused there" unwarned root_refused aks-4
check "a deployment that would make such a pod is warned about" unwarned maker_warned aks-4

{
  printf '# The chart against a real API server\n\n'
  printf 'Written by "make conformance" on %s: Freehold %s, Kubernetes %s, Helm 3 and 4. Every line held, without a warning.\n\n' \
    "$(date -u +%F)" "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)" "$cluster_version"
  cat "$work/held"
} >"$work/result"
counted
install -m 0644 "$work/result" docs/results/cluster.md
