package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.dns.NameJourney;
import io.teleproxy.net.WildcardListeners;
import io.teleproxy.proxy.Counters;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The journey of one name and port through the daemon, step by step with what is so now: name,
 * route, firewall, tunnel, far end. Each step is {@code ok}, {@code broken} with a remedy, or
 * {@code note} where the way leads past us; what follows a broken step is not told. Blocks.
 */
final class Explanation {
  /** Names that differ by so many letters are offered. */
  private static final int NEAR = 2;

  private static final int ADMISSION_SECONDS = 5;

  private final Interception opened;
  private final Components components;
  private final JsonArray steps = new JsonArray();
  private @Nullable String broken;

  Explanation(Interception opened, Components components) {
    this.opened = opened;
    this.components = components;
  }

  /**
   * Explains.
   *
   * @param port 0 for the name only
   */
  JsonObject of(String host, int port) {
    Snapshot tables = opened.tables();
    JsonObject json = new JsonObject();
    json.addProperty("host", host);
    json.addProperty("port", port);
    List<InetAddress> addresses = name(tables, host);
    JsonArray found = new JsonArray();
    addresses.forEach(address -> found.add(address.getHostAddress()));
    if (broken == null && !addresses.isEmpty()) {
      firewall();
      for (InetAddress address : addresses) {
        if (broken == null) {
          address(tables, new InetSocketAddress(address, port));
        }
      }
    }
    json.add("addresses", found);
    json.add("steps", steps);
    json.addProperty("broken", broken == null ? "" : broken);
    return json;
  }

  private List<InetAddress> name(Snapshot tables, String host) {
    try {
      return List.of(Prefix.parseAddress(host));
    } catch (IllegalArgumentException e) {
      // It is a name.
    }
    NameJourney journey;
    try {
      journey = opened.dns().journey(host);
    } catch (IllegalArgumentException e) {
      broken("name", String.valueOf(e.getMessage()), "Write it as a host name.");
      return List.of();
    }
    String way = String.join("; ", journey.steps());
    if (!journey.local()) {
      String near = near(tables, host);
      note(
          "name",
          way
              + ". It is none of ours: your nameserver is asked."
              + (near.isEmpty() ? "" : " Names of ours like it: " + near + "."));
      return List.of();
    }
    List<InetAddress> addresses = new ArrayList<>();
    journey.addresses().forEach(address -> addresses.add(Prefix.parseAddress(address)));
    if (addresses.isEmpty()) {
      String near = near(tables, host);
      boolean unread = journey.result().equals("SERVFAIL");
      broken(
          "name",
          way
              + ". The answer is "
              + journey.result()
              + (journey.result().equals("NOERROR") ? " without an address" : ""),
          unread
              ? "The source of this zone has not been read yet: see 'teleproxy status'."
              : near.isEmpty()
                  ? "See what there is with 'teleproxy tables'; a service without endpoints that is"
                      + " headless has no address."
                  : "Names like it: " + near + ".");
    } else {
      ok("name", way + ". Answered from the tables: " + String.join(", ", journey.records()), -1);
      resolve(addresses);
    }
    return addresses;
  }

  /** As a program would that looks the name up: where not all are intercepted, these are now. */
  private void resolve(List<InetAddress> addresses) {
    Allotment allotment = opened.allotment();
    if (allotment != null) {
      try {
        allotment.admit(addresses).toCompletableFuture().get(ADMISSION_SECONDS, TimeUnit.SECONDS);
      } catch (ExecutionException | TimeoutException e) {
        // The step of the firewall tells.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void firewall() {
    Health health = components.all().get("firewall");
    if (health != null && health.state() != Health.State.READY) {
      broken("firewall", opened.backend() + ": " + health.reason(), health.remedy());
    } else {
      ok(
          "firewall",
          opened.backend()
              + ": "
              + opened.rules()
              + " rules in force; what they match "
              + (opened.listening() == null
                  ? "goes to the proxy on port " + opened.proxy().port()
                  : "is listened at, on addresses of this machine"),
          -1);
    }
  }

  private void address(Snapshot tables, InetSocketAddress to) {
    String ip = to.getAddress().getHostAddress();
    Map<String, String> offered = new TreeMap<>();
    for (Table table : tables.tables()) {
      for (Route route : tables.routesTo(table.name(), to.getAddress())) {
        offered.merge(
            table.name(),
            route.protocol().lower() + " " + text(route),
            (some, more) -> some + ", " + more);
      }
    }
    if (to.getPort() == 0) {
      if (offered.isEmpty()) {
        note("route", ip + ": no table has routes to it; connections go their ordinary way");
      } else {
        ok("route", ip + ": " + offered, -1);
      }
      return;
    }
    Optional<Route> route = tables.route(Protocol.TCP, to.getAddress(), to.getPort());
    if (route.isEmpty()) {
      if (offered.isEmpty()) {
        note(
            "route",
            ip + ": no table has a route to it; the connection goes its ordinary way, past us");
      } else {
        note("route", ip + " tcp " + to.getPort() + ": not covered by " + offered);
      }
      return;
    }
    if (route.get().action() instanceof Route.Action.Divert divert) {
      ok(
          "route",
          ip
              + " tcp "
              + to.getPort()
              + ": "
              + text(route.get())
              + " to the SOCKS5 proxy on port "
              + divert.target()
              + history(to),
          -1);
      if (isIntercepted(to)) {
        tunnel(divert.target(), to);
      }
      return;
    }
    boolean nothing =
        tables.tables().stream()
            .flatMap(table -> tables.routesTo(table.name(), to.getAddress()).stream())
            .noneMatch(
                one ->
                    one.protocol() == Protocol.TCP && one.action() instanceof Route.Action.Divert);
    broken(
        "route",
        ip
            + " tcp "
            + to.getPort()
            + refusal(to)
            + (nothing ? ", there is nothing to lead to" : ", this port is not declared")
            + " ("
            + offered
            + ")",
        nothing
            ? "A service refuses while it has no ready endpoints: see 'kubectl get endpoints' and"
                + " whether its pods are ready."
            : "Use one of its ports, or declare this one in the service.");
  }

  /** By the firewall; or, where the address is this machine's, by nobody's listening there. */
  private String refusal(InetSocketAddress to) {
    if (opened.listening() == null) {
      return ": refused by the firewall";
    }
    return WildcardListeners.listening(Path.of("/proc/net"), "tcp", to.getPort())
        ? ": not ours; a program of this machine listens at this port of all addresses, and answers"
            + " ('ss -lntup' names it; at 127.0.0.1 only, it would not)"
        : ": refused, nobody listens there";
  }

  /** Always so, but where each destination takes a listener of its own. */
  private boolean isIntercepted(InetSocketAddress to) {
    Allotment allotment = opened.allotment();
    if (allotment == null) {
      return true;
    }
    Unserved unserved = Unserved.of(to, allotment, opened.listening(), opened.tables());
    if (unserved != null) {
      broken("listener", opened.backend() + ": " + unserved.reason(), unserved.remedy());
    }
    return unserved == null;
  }

  private void tunnel(int target, InetSocketAddress to) {
    boolean own = opened.isOwnTarget(target);
    if (own) {
      for (Map.Entry<String, Health> one : components.all().entrySet()) {
        if (one.getKey().startsWith("tunnel ")) {
          Health health = one.getValue();
          String text = one.getKey() + ": " + lower(health) + " " + health.reason();
          if (health.state() == Health.State.FAILED) {
            broken("tunnel", text.strip(), health.remedy());
            return;
          }
          ok("tunnel", text.strip() + details(one.getKey()), -1);
        }
      }
    }
    SocksProbe.Outcome outcome = SocksProbe.connect(target, to);
    String what = FlowView.text(to) + " through the SOCKS5 proxy on port " + target;
    if (outcome.failure().isEmpty()) {
      ok("far end", what + " accepted the connection", outcome.millis());
      return;
    }
    broken(
        "far end",
        what + ": " + outcome.failure() + " after " + outcome.millis() + " ms",
        switch (outcome.reply()) {
          case 5 -> "Nothing listens there: look at the pod's own log and ports.";
          case 2 -> "A permission is missing: 'teleproxy status' says which.";
          case 3, 4, 6 -> "The pod or the way to it does not answer: see 'teleproxy status'.";
          default ->
              own
                  ? "See the tunnel in 'teleproxy status'."
                  : "Start the SOCKS5 proxy that the table names, on 127.0.0.1:" + target + ".";
        });
  }

  private String details(String component) {
    Map<String, String> details = components.details(component);
    return details.isEmpty() ? "" : " " + details;
  }

  private String history(InetSocketAddress to) {
    long live = opened.proxy().flows().stream().filter(f -> f.destination().equals(to)).count();
    long ended =
        opened.proxy().ended().stream().filter(e -> e.flow().destination().equals(to)).count();
    Counters all = opened.proxy().counters();
    return "; connections there: "
        + live
        + " open, "
        + ended
        + " of the last that ended (of all: "
        + all.live()
        + " open, "
        + all.accepted()
        + " so far)";
  }

  private static String near(Snapshot tables, String host) {
    TreeSet<String> near = new TreeSet<>();
    List<String> asked = new ArrayList<>(List.of(host));
    tables.search().forEach(domain -> asked.add(host + "." + domain));
    for (Table table : tables.tables()) {
      for (Route route : table.routes()) {
        if (!route.name().isEmpty() && asked.stream().anyMatch(one -> near(route.name(), one))) {
          near.add(route.name());
        }
        if (near.size() > 4) {
          break;
        }
      }
    }
    return String.join(", ", near);
  }

  /** Whether a few changes make one name the other (Levenshtein). */
  private static boolean near(String one, String other) {
    if (Math.abs(one.length() - other.length()) > NEAR) {
      return false;
    }
    int[] row = new int[other.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int change = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[other.length()] <= NEAR;
  }

  private static String text(Route route) {
    String ports = route.ports().isAll() ? "all ports" : route.ports().toString();
    return ports + (route.action() instanceof Route.Action.Divert ? " led" : " refused");
  }

  private static String lower(Health health) {
    return health.state().name().toLowerCase(java.util.Locale.ROOT);
  }

  private void ok(String step, String found, double millis) {
    add(step, "ok", found, "", millis);
  }

  private void note(String step, String found) {
    add(step, "note", found, "", -1);
  }

  private void broken(String step, String found, String remedy) {
    add(step, "broken", found, remedy, -1);
    broken = step;
  }

  private void add(String step, String state, String found, String remedy, double millis) {
    JsonObject json = new JsonObject();
    json.addProperty("step", step);
    json.addProperty("state", state);
    json.addProperty("found", found);
    json.addProperty("remedy", remedy);
    if (millis >= 0) {
      json.addProperty("millis", millis);
    }
    steps.add(json);
  }
}
