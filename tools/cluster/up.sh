#!/usr/bin/env bash
# Starts a one-node Kubernetes cluster in a network namespace of its own and prints the path of its kubeconfig.
# Does nothing if it is up. CLUSTER_NAME, CLUSTER_NET and CLUSTER_DIR allow a second one beside it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ "$(id -u)" = 0 ] || die "a cluster needs root"
for c in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl coredns pause; do
  [ -x "$bin/$c" ] || die "no $bin/$c: npm run parts -- $c"
done
for c in containerd runc iptables openssl ip nsenter; do
  command -v "$c" >/dev/null || die "no $c: npm run parts -- containerd"
done
server=https://$node_ip:6443
if alive kubelet && kubectl get --raw /readyz >/dev/null 2>&1; then say "up already"; echo "$KUBECONFIG"; exit; fi
"$here/down.sh"
began=$SECONDS
umask 022
mkdir -p "$dir"/{run,log,pki,cni,etcd,kubelet,pods} && chmod 700 "$dir/pki" "$dir/etcd"

# ---- network: a namespace with a link to this machine; no way out, and no rule outside it ----
ip netns add "$name"
ip link add "$name-up" type veth peer name eth0 netns "$name"
ip addr add "$host_ip/24" dev "$name-up"
ip link set "$name-up" up
ip route add "$net.0.0/16" via "$node_ip"
ip -n "$name" link set lo up
ip -n "$name" addr add "$node_ip/24" dev eth0
ip -n "$name" link set eth0 up
ip -n "$name" route add "$services" dev eth0 # for the API server's own calls to Services: a rule redirects them
in_net sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
cat >"$dir/cni/10-bridge.conflist" <<J
{"cniVersion": "1.0.0", "name": "$name", "plugins": [
  {"type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": "$dir/cni/leases"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
J

# ---- certificates ----
cd "$dir/pki"
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null; }
ca() { key "$1"; openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 365 -out "$1.crt"; }
# sign CA FILE SUBJECT [SUBJECT_ALT_NAMES]
sign() {
  key "$2"
  openssl req -new -key "$2.key" -subj "$3" | openssl x509 -req -CA "$1.crt" -CAkey "$1.key" -days 365 -out "$2.crt" \
    -set_serial "0x$(openssl rand -hex 8)" -extfile <(
      echo "extendedKeyUsage = serverAuth, clientAuth"
      [ -z "${4:-}" ] || echo "subjectAltName = $4") 2>/dev/null
}
# config NAME SUBJECT: a client certificate and the kubeconfig that carries it.
config() {
  sign ca "$1" "$2"
  cat >"$dir/$1.conf" <<Y
apiVersion: v1
kind: Config
clusters: [{name: $name, cluster: {server: "$server", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
contexts: [{name: $name, context: {cluster: $name, user: $1}}]
current-context: $name
Y
  chmod 600 "$dir/$1.conf"
}
ca ca; ca front-proxy-ca
key service-account; openssl ec -in service-account.key -pubout -out service-account.pub 2>/dev/null
sign ca etcd /CN=etcd IP:127.0.0.1
sign ca apiserver /CN=kube-apiserver "IP:$node_ip, IP:$net.2.1, IP:127.0.0.1, DNS:localhost, DNS:kubernetes,\
DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.cluster.local"
sign ca apiserver-client /O=system:masters/CN=kube-apiserver
sign front-proxy-ca front-proxy /CN=front-proxy
sign ca kubelet-server "/CN=$name" "IP:$node_ip, DNS:$name"
config admin /O=system:masters/CN=admin
config controller-manager /CN=system:kube-controller-manager
config scheduler /CN=system:kube-scheduler
config proxy /CN=system:kube-proxy
config kubelet "/O=system:nodes/CN=system:node:$name"
cd "$dir"

# ---- processes ----
# start NAME COMMAND…: starts it in the cluster's network; log/NAME.log, run/NAME.pid (pid and start time).
start() {
  local name=$1; shift
  setsid nsenter --net="$netns" -- "$@" </dev/null >"$dir/log/$name.log" 2>&1 &
  echo "$! $(started $!)" >"$dir/run/$name.pid"
}
start etcd "$bin/etcd" --name=node --data-dir="$dir/etcd" --unsafe-no-fsync --log-level=warn \
  --listen-client-urls=https://127.0.0.1:2379 --advertise-client-urls=https://127.0.0.1:2379 \
  --listen-peer-urls=http://127.0.0.1:2380 --trusted-ca-file=pki/ca.crt --client-cert-auth \
  --cert-file=pki/etcd.crt --key-file=pki/etcd.key

start apiserver "$bin/kube-apiserver" --bind-address="$node_ip" --advertise-address="$node_ip" --secure-port=6443 \
  --etcd-servers=https://127.0.0.1:2379 --etcd-cafile=pki/ca.crt \
  --etcd-certfile=pki/apiserver-client.crt --etcd-keyfile=pki/apiserver-client.key \
  --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt \
  --kubelet-certificate-authority=pki/ca.crt --kubelet-preferred-address-types=InternalIP \
  --kubelet-client-certificate=pki/apiserver-client.crt --kubelet-client-key=pki/apiserver-client.key \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local \
  --service-account-key-file=pki/service-account.pub --service-account-signing-key-file=pki/service-account.key \
  --requestheader-client-ca-file=pki/front-proxy-ca.crt --requestheader-allowed-names=front-proxy \
  --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
  --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --proxy-client-cert-file=pki/front-proxy.crt --proxy-client-key-file=pki/front-proxy.key \
  --service-cluster-ip-range="$services" --authorization-mode=Node,RBAC --allow-privileged=true \
  --enable-admission-plugins=NodeRestriction

cat >containerd.toml <<T
version = 2
root = "$dir/containerd"
state = "$dir/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "$sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = true # a virtual machine's root may lack CAP_SYS_RESOURCE
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$dir/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "$dir/run/runc"
T
start containerd containerd --config "$dir/containerd.toml"

# The kubelet and the proxy set kernel parameters; down.sh sets them back.
for p in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
  kernel/keys/root_maxbytes; do
  echo "$p $(cat "/proc/sys/$p")"
done >run/sysctl
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then # version 2; else a hierarchy a controller
  echo "+cpu +cpuset +memory +pids" >/sys/fs/cgroup/cgroup.subtree_control
  mkdir -p "/sys/fs/cgroup/$name"
else
  for c in /sys/fs/cgroup/*/; do mkdir -p "$c$name"; done
  for c in cpus mems; do cat "/sys/fs/cgroup/cpuset/cpuset.$c" >"/sys/fs/cgroup/cpuset/$name/cpuset.$c"; done
fi
echo "nameserver $dns_ip" >resolv.conf
cat >kubelet.yaml <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $dir/pki/kubelet-server.crt
tlsPrivateKeyFile: $dir/pki/kubelet-server.key
containerRuntimeEndpoint: unix://$sock
cgroupDriver: cgroupfs
cgroupRoot: /$name
failCgroupV1: false
failSwapOn: false
clusterDNS: [$dns_ip]
clusterDomain: cluster.local
resolvConf: $dir/resolv.conf
podLogsDir: $dir/pods
volumePluginDir: $dir/kubelet/plugins-exec
# The disk is shared and an image that garbage collection drops cannot be pulled again.
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 200Mi, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%}
Y
cat >proxy.yaml <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $dir/proxy.conf}
clusterCIDR: $pods
hostnameOverride: $name
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
# Connection-tracking limits belong to the whole machine.
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
Y

# ---- images, while the API server comes up ----
until_ok 30 "containerd" ctr --address "$sock" version
for p in pause coredns; do
  mkdir -p "run/image/$p"; cp "$bin/$p" "run/image/$p/"
  "$here/mkimage.sh" -u 65532:65532 "localhost/$p:1" "run/image/$p" "/$p"
done
rm -rf run/image

until_ok 60 "the API server" kubectl get --raw /readyz
start controller-manager "$bin/kube-controller-manager" --kubeconfig=controller-manager.conf --leader-elect=false \
  --authentication-kubeconfig=controller-manager.conf --authorization-kubeconfig=controller-manager.conf \
  --bind-address=127.0.0.1 --use-service-account-credentials --root-ca-file=pki/ca.crt \
  --service-account-private-key-file=pki/service-account.key --service-cluster-ip-range="$services" \
  --cluster-signing-cert-file=pki/ca.crt --cluster-signing-key-file=pki/ca.key \
  --flex-volume-plugin-dir="$dir/kubelet/plugins-exec" \
  --horizontal-pod-autoscaler-sync-period=2s --allocate-node-cidrs --cluster-cidr="$pods" --node-cidr-mask-size=24
start scheduler "$bin/kube-scheduler" --kubeconfig=scheduler.conf --leader-elect=false --bind-address=127.0.0.1 \
  --authentication-kubeconfig=scheduler.conf --authorization-kubeconfig=scheduler.conf
start proxy "$bin/kube-proxy" --config=proxy.yaml
start kubelet "$bin/kubelet" --config=kubelet.yaml --kubeconfig=kubelet.conf --root-dir="$dir/kubelet" \
  --cert-dir="$dir/kubelet/pki" --hostname-override="$name" --node-ip="$node_ip"

# ---- cluster DNS, storage ----
sed "s|@DNS_IP@|$dns_ip|" "$here/cluster.yaml" | kubectl apply -f - >/dev/null
for i in 1 2 3 4 5 6 7 8; do
  mkdir -p -m 777 "volumes/$i"
  cat <<Y
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: local-$i}
spec:
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce, ReadWriteMany]
  storageClassName: local
  local: {path: $dir/volumes/$i}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [
    {key: kubernetes.io/hostname, operator: In, values: [$name]}]}]}}
Y
done | kubectl apply -f - >/dev/null
until_ok 60 "the node" kubectl wait --for=condition=Ready "node/$name" --timeout=1s
until_ok 60 "cluster DNS" kubectl -n kube-system rollout status deployment/coredns --timeout=1s
say "up in $((SECONDS - began)) s"
echo "$KUBECONFIG"
