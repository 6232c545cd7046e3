package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.ServiceView;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;

/** The cluster's own DNS service, which is the nameserver of its zone. */
final class ClusterDns {
  /** Where distributions put it: kubeadm, kind, k3s and the clouds; some Helm charts; OpenShift. */
  private static final Set<String> KEYS =
      Set.of(
          "kube-system/kube-dns",
          "kube-system/coredns",
          "kube-system/rke2-coredns-rke2-coredns",
          "openshift-dns/dns-default");

  private ClusterDns() {}

  static boolean isServedBy(ServiceView service) {
    return KEYS.contains(service.key());
  }

  /** NS of the zone, and the name that the zone's SOA gives to its nameserver. */
  static void nameserver(
      String domain, int ttl, String name, List<InetAddress> addresses, List<String> records) {
    records.add(DnsText.record(domain, ttl, "NS", name + "."));
    for (InetAddress address : addresses) {
      records.add(DnsText.address("ns.dns." + domain, ttl, address));
    }
  }
}
