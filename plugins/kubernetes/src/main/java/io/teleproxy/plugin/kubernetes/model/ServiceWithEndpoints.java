package io.teleproxy.plugin.kubernetes.model;

import io.teleproxy.plugin.kubernetes.model.EndpointsView.Subset;
import java.util.ArrayList;
import java.util.List;

/**
 * A service and what is behind it: all that its names, routes and backends depend on but for the
 * addresses around.
 *
 * @param slices those of the service, in the order of their names
 */
public record ServiceWithEndpoints(ServiceView service, List<EndpointsView> slices) {
  /** An endpoint and the port on which it serves. */
  public record Backend(EndpointView endpoint, int port) {}

  public ServiceWithEndpoints {
    slices = List.copyOf(slices);
  }

  /** Whether the endpoint takes part in the service. */
  public boolean counts(EndpointView endpoint) {
    return endpoint.ready() || service.publishNotReady();
  }

  /** How many endpoints take part. */
  public int count() {
    int count = 0;
    for (EndpointsView slice : slices) {
      for (Subset subset : slice.subsets()) {
        for (EndpointView endpoint : subset.endpoints()) {
          count += counts(endpoint) ? 1 : 0;
        }
      }
    }
    return count;
  }

  /** The endpoints behind a port of the service, with the port on which each serves. */
  public List<Backend> backends(PortView port) {
    List<Backend> backends = new ArrayList<>();
    for (EndpointsView slice : slices) {
      for (Subset subset : slice.subsets()) {
        for (PortView candidate : subset.ports()) {
          if (candidate.joins(port)) {
            for (EndpointView endpoint : subset.endpoints()) {
              if (counts(endpoint)) {
                int number = candidate.port() == 0 ? port.port() : candidate.port();
                backends.add(new Backend(endpoint, number));
              }
            }
          }
        }
      }
    }
    return backends;
  }

  /** Whether a connection to this port of the service would find somebody. */
  public boolean serves(PortView port) {
    for (EndpointsView slice : slices) {
      for (Subset subset : slice.subsets()) {
        for (PortView candidate : subset.ports()) {
          if (candidate.joins(port)) {
            for (EndpointView endpoint : subset.endpoints()) {
              if (counts(endpoint)) {
                return true;
              }
            }
          }
        }
      }
    }
    return false;
  }
}
