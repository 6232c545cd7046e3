package io.teleproxy.app;

import io.teleproxy.spi.Route;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Local ports for datagrams as a test wants them, by destination in the form 10.0.0.1:53. */
record LocalPorts(Map<String, Integer> ports, List<Route> refused)
    implements InterceptPlans.UdpPorts {
  static final LocalPorts NONE = new LocalPorts(Map.of());

  LocalPorts(Map<String, Integer> ports) {
    this(ports, new ArrayList<>());
  }

  @Override
  public void begin(Set<Integer> targets) {
    refused.clear();
  }

  @Override
  public OptionalInt port(InetSocketAddress destination, int target) {
    Integer port =
        ports.get(destination.getAddress().getHostAddress() + ":" + destination.getPort());
    return port == null ? OptionalInt.empty() : OptionalInt.of(port);
  }

  @Override
  public void refuse(Route route) {
    refused.add(route);
  }
}
