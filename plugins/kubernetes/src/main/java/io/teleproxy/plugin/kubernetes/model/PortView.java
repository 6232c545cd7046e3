package io.teleproxy.plugin.kubernetes.model;

import java.util.ArrayList;
import java.util.List;

/**
 * A port of a service or of its endpoints. Both carry the same name, which is what joins them.
 *
 * @param name empty if the service has only one
 * @param protocol TCP, UDP or SCTP
 * @param port 1-65535, or 0 where an endpoint does not restrict it
 */
public record PortView(String name, String protocol, int port) {
  static List<PortView> of(List<Json> ports) {
    List<PortView> views = new ArrayList<>(ports.size());
    for (Json port : ports) {
      String protocol = port.text("protocol");
      views.add(
          new PortView(
              port.text("name").intern(),
              protocol.isEmpty() ? "TCP" : protocol.intern(),
              port.number("port")));
    }
    return List.copyOf(views);
  }

  /** Whether the one leads to the other. */
  public boolean joins(PortView other) {
    return name.equals(other.name) && protocol.equals(other.protocol);
  }
}
