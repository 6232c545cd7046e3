package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.net.HostNetwork;
import io.teleproxy.net.HostRoutes;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Probe;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;

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
    HostRoutes.read(Path.of("/proc/net"))
        .overlapping(opened.diverted())
        .forEach(one -> overlapping.add(one.toString()));
    intercept.add("overlapping-routes", overlapping);
    status.add("intercept", intercept);
    HostNetwork seen = opened.surroundings().network();
    JsonObject network = new JsonObject();
    network.add("out", texts(seen.waysOut()));
    network.add("addresses", texts(seen.addresses()));
    status.add("network", network);
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

  private static JsonArray texts(List<String> all) {
    JsonArray texts = new JsonArray();
    all.forEach(texts::add);
    return texts;
  }
}
