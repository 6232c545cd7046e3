package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.net.LocalProcesses;
import io.teleproxy.net.LocalProcesses.LocalProcess;
import io.teleproxy.proxy.Flow;
import io.teleproxy.proxy.TransparentProxy;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The flows as people want to see them: with the local process and the name: that for which a
 * program asked, or where none did, the first one that the address has. Which process it is, is
 * found out when somebody looks; a flow that ended before anybody looked has none. Reads files;
 * thread-safe.
 */
final class FlowView {
  /** The newest; more are only counted. */
  private static final int MOST = 1000;

  private static final int REMEMBERED = 4096;

  private final TransparentProxy proxy;
  private final Supplier<Snapshot> tables;

  /** By flow; empty for what was looked for in vain. */
  private final Map<Long, Optional<LocalProcess>> processes =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Optional<LocalProcess>> eldest) {
          return size() > REMEMBERED;
        }
      };

  FlowView(TransparentProxy proxy, Supplier<Snapshot> tables) {
    this.proxy = proxy;
    this.tables = tables;
  }

  /** Newest first. */
  synchronized JsonArray live() {
    List<Flow> flows = new ArrayList<>(proxy.flows());
    flows.sort(Comparator.comparingLong(Flow::id).reversed());
    List<Flow> shown = flows.subList(0, Math.min(MOST, flows.size()));
    identify(shown);
    Snapshot now = tables.get();
    JsonArray array = new JsonArray();
    shown.forEach(flow -> array.add(json(flow, now, Instant.now())));
    return array;
  }

  /**
   * Those that have ended, oldest first.
   *
   * @param seen those that are not wanted any more; what is told is added
   */
  synchronized JsonArray ended(Set<Long> seen) {
    Snapshot now = tables.get();
    Set<Long> remembered = new HashSet<>();
    JsonArray array = new JsonArray();
    for (Flow.Ended ended : proxy.ended()) {
      remembered.add(ended.flow().id());
      if (seen.add(ended.flow().id())) {
        JsonObject json = json(ended.flow(), now, ended.at());
        json.addProperty("ended", ended.at().toString());
        json.addProperty("reason", ended.reason());
        array.add(json);
      }
    }
    seen.retainAll(remembered);
    return array;
  }

  private void identify(List<Flow> flows) {
    for (Protocol protocol : Protocol.values()) {
      Map<InetSocketAddress, Long> unknown = new HashMap<>();
      for (Flow flow : flows) {
        if (flow.protocol() == protocol && !processes.containsKey(flow.id())) {
          unknown.put(flow.client(), flow.id());
        }
      }
      if (!unknown.isEmpty()) {
        Map<InetSocketAddress, LocalProcess> found =
            LocalProcesses.find(protocol.lower(), unknown.keySet());
        unknown.forEach((client, id) -> processes.put(id, Optional.ofNullable(found.get(client))));
      }
    }
  }

  private JsonObject json(Flow flow, Snapshot now, Instant until) {
    JsonObject json = new JsonObject();
    json.addProperty("id", flow.id());
    json.addProperty("protocol", flow.protocol().lower());
    json.addProperty("client", text(flow.client()));
    json.addProperty("destination", text(flow.destination()));
    json.addProperty("name", flow.name().isEmpty() ? name(now, flow.destination()) : flow.name());
    json.addProperty("target", flow.target());
    json.addProperty("state", flow.state().name().toLowerCase(Locale.ROOT));
    json.addProperty("since", flow.since().toString());
    json.addProperty("age-ms", Duration.between(flow.since(), until).toMillis());
    if (flow.roundTripMicros() >= 0) {
      json.addProperty("round-trip-ms", flow.roundTripMicros() / 1000.0);
    }
    json.addProperty("bytes-up", flow.bytesUp());
    json.addProperty("bytes-down", flow.bytesDown());
    processes
        .getOrDefault(flow.id(), Optional.empty())
        .ifPresent(
            process -> {
              json.addProperty("pid", process.pid());
              json.addProperty("process", process.name());
              json.addProperty("uid", process.uid());
            });
    return json;
  }

  static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }

  /** The name that the tables have for the address; empty if none. */
  static String name(Snapshot tables, InetSocketAddress destination) {
    for (Table table : tables.tables()) {
      for (Route route : tables.routesTo(table.name(), destination.getAddress())) {
        if (!route.name().isEmpty()) {
          return route.name();
        }
      }
    }
    return "";
  }
}
