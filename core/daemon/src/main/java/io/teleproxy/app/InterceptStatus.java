package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.net.OverlappingRoutes;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Probe;
import io.teleproxy.tables.Snapshot;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** What {@code status} tells of the half that intercepts: backend, names, queries, connections. */
final class InterceptStatus {
  private InterceptStatus() {}

  static void tell(Interception opened, JsonObject status) {
    JsonObject intercept = new JsonObject();
    intercept.addProperty("backend", opened.backend());
    if (opened.chosen().probe() instanceof Probe.Applicable applicable) {
      intercept.addProperty("why", applicable.detail());
    }
    JsonArray lacks = new JsonArray();
    EnumSet.allOf(Interceptor.Capability.class).stream()
        .filter(one -> !opened.capabilities().contains(one))
        .forEach(one -> lacks.add(one.name().toLowerCase(Locale.ROOT).replace('_', '-')));
    intercept.add("lacks", lacks);
    Allotment allotment = opened.allotment();
    if (allotment != null) {
      intercept.add("allotment", allotment.describe());
    }
    intercept.addProperty("rules", opened.rules());
    intercept.addProperty("proxy-port", opened.proxy().port());
    JsonArray bridges = new JsonArray();
    opened.surroundings().bridges().names().forEach(bridges::add);
    intercept.add("bridges", bridges);
    intercept.add("udp", opened.udp().describe());
    JsonArray overlapping = new JsonArray();
    new OverlappingRoutes(Path.of("/proc/net"))
        .of(diverted(opened.tables()))
        .forEach(overlapping::add);
    intercept.add("overlapping-routes", overlapping);
    status.add("intercept", intercept);
    JsonObject names = new JsonObject();
    names.addProperty("port", opened.dns().port());
    JsonArray captured = new JsonArray();
    opened.surroundings().nameservers().captured().forEach(ip -> captured.add(ip.getHostAddress()));
    names.add("captured", captured);
    status.add("dns", names);
    JsonObject queries = Insight.counters(opened.dns().counters());
    queries.add("per-second", Insight.rates(opened.dns().rates()));
    status.add("queries", queries);
    status.add("connections", Insight.counters(opened.proxy().counters()));
  }

  private static Set<Prefix> diverted(Snapshot tables) {
    Set<Prefix> diverted = new HashSet<>();
    tables.tables().forEach(t -> t.routes().forEach(route -> diverted.add(route.ip())));
    return diverted;
  }
}
