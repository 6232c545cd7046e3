package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.dns.NameJourney;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.tables.Snapshot;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The journey of one name and port through the daemon, step by step with what is so now: name, what
 * stands behind it in its source, route, firewall, tunnel, far end. What follows a broken step is
 * not told, but for its consequences. Blocks.
 */
final class Explanation {
  private static final int ADMISSION_SECONDS = 5;

  private final Interception opened;
  private final Components components;
  private final Knowledge knowledge;
  private final Steps steps = new Steps();

  Explanation(Interception opened, Components components, Knowledge knowledge) {
    this.opened = opened;
    this.components = components;
    this.knowledge = knowledge;
  }

  /**
   * Explains.
   *
   * @param port 0 for the name only
   */
  JsonObject of(String host, Protocol protocol, int port) {
    Snapshot tables = opened.tables();
    List<InetAddress> addresses = name(tables, host, protocol, port);
    if (!steps.isBroken()) {
      RouteExplanation routes = new RouteExplanation(opened, tables, protocol, steps);
      Passage passage = new Passage(opened, components, protocol, steps);
      for (InetAddress address : addresses) {
        InetSocketAddress to = new InetSocketAddress(address, port);
        behind(address.getHostAddress(), protocol, port);
        int target = routes.explain(to);
        if (!steps.isBroken() && passage.firewall(to, target) && target > 0) {
          passage.through(to, target);
        }
        if (steps.isBroken()) {
          break;
        }
      }
    }
    JsonObject json = new JsonObject();
    json.addProperty("host", host);
    json.addProperty("port", port);
    json.addProperty("protocol", protocol.lower());
    JsonArray found = new JsonArray();
    addresses.forEach(address -> found.add(address.getHostAddress()));
    json.add("addresses", found);
    json.add("steps", steps.json());
    json.addProperty("broken", steps.broken());
    return json;
  }

  private List<InetAddress> name(Snapshot tables, String host, Protocol protocol, int port) {
    try {
      return List.of(Prefix.parseAddress(host));
    } catch (IllegalArgumentException e) {
      // It is a name.
    }
    NameJourney journey;
    try {
      journey = opened.dns().journey(host);
    } catch (IllegalArgumentException e) {
      steps.broken("name", String.valueOf(e.getMessage()), "Write it as a host name.");
      return List.of();
    }
    String way = String.join("; ", journey.steps());
    if (!journey.local()) {
      notOurs(tables, host, way);
      behind(host, protocol, port);
      return List.of();
    }
    List<InetAddress> addresses = new ArrayList<>();
    journey.addresses().forEach(address -> addresses.add(Prefix.parseAddress(address)));
    if (addresses.isEmpty()) {
      steps.broken(
          "name",
          way
              + ". The answer is "
              + journey.result()
              + (journey.result().equals("NOERROR") ? " without an address" : ""),
          remedy(tables, host, journey.result()));
      behind(host, protocol, port);
    } else {
      steps.ok("name", way + ". Answered from the tables: " + String.join(", ", journey.records()));
      resolve(addresses);
    }
    return addresses;
  }

  private void notOurs(Snapshot tables, String host, String way) {
    String near = NearNames.of(tables, host);
    String silence = NameserverHealth.silence(opened.dns());
    if (!silence.isEmpty()) {
      steps.broken("name", way + ". It is none of ours, and " + silence, NameserverHealth.REMEDY);
      return;
    }
    steps.note(
        "name",
        way
            + ". It is none of ours: your nameserver is asked."
            + (near.isEmpty() ? "" : " Names of ours like it: " + near + "."));
  }

  private static String remedy(Snapshot tables, String host, String result) {
    if (result.equals("SERVFAIL")) {
      return "The source of this zone has not been read yet: see 'teleproxy status'.";
    }
    String near = NearNames.of(tables, host);
    return near.isEmpty()
        ? "See what there is with 'teleproxy tables'; a service without endpoints that is"
            + " headless has no address."
        : "Names like it: " + near + ".";
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

  /** What the source of the name knows, such as endpoints and whether they are ready. */
  private void behind(String host, Protocol protocol, int port) {
    try {
      for (Finding finding : knowledge.behind(host, protocol, port).toCompletableFuture().get()) {
        steps.add(finding);
      }
    } catch (ExecutionException e) {
      steps.note("source", "nothing is known of what stands behind it: the bridge does not answer");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
