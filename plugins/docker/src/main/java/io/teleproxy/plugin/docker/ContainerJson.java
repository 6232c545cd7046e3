package io.teleproxy.plugin.docker;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.spi.Prefix;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads what an engine says of its containers: the Engine API of Docker, 1.24 or newer, which
 * Podman speaks, too. What is missing or of another type counts as not there.
 */
final class ContainerJson {
  private static final Set<String> CHANGES =
      Set.of("start", "die", "rename", "destroy", "remove", "connect", "disconnect");

  private ContainerJson() {}

  /** Ids of a list: {@code GET /containers/json}. */
  static List<String> ids(JsonElement list) {
    List<String> ids = new ArrayList<>();
    if (list instanceof JsonArray containers) {
      for (JsonElement container : containers) {
        if (container instanceof JsonObject object) {
          ids.add(text(object, "Id"));
        }
      }
    }
    return ids;
  }

  /** The container that an event of {@code GET /events} has changed; empty if none. */
  static String changed(JsonObject event) {
    if (!CHANGES.contains(text(event, "Action"))) {
      return "";
    }
    JsonObject actor = object(event, "Actor");
    // Of a network's event the actor is the network (Podman: the container).
    String container = text(object(actor, "Attributes"), "container");
    return container.isEmpty() ? text(actor, "ID") : container;
  }

  /** A container from {@code GET /containers/ID/json}; null if it does not run. */
  static @Nullable ContainerView read(JsonElement inspected) {
    if (!(inspected instanceof JsonObject container)
        || !"true".equals(text(object(container, "State"), "Running"))) {
      return null;
    }
    JsonObject labels = object(object(container, "Config"), "Labels");
    JsonObject settings = object(container, "NetworkSettings");
    List<ContainerView.Attachment> networks = new ArrayList<>();
    for (Map.Entry<String, JsonElement> network : object(settings, "Networks").entrySet()) {
      if (network.getValue() instanceof JsonObject endpoint) {
        networks.add(
            new ContainerView.Attachment(
                network.getKey(), texts(endpoint, "Aliases"), addresses(endpoint)));
      }
    }
    return new ContainerView(
        text(container, "Id"),
        text(container, "Name").replaceFirst("^/", ""),
        text(labels, "com.docker.compose.service"),
        text(labels, "com.docker.compose.project"),
        text(object(container, "HostConfig"), "NetworkMode"),
        networks,
        published(object(settings, "Ports")));
  }

  private static List<InetAddress> addresses(JsonObject endpoint) {
    List<InetAddress> addresses = new ArrayList<>();
    for (String field : List.of("IPAddress", "GlobalIPv6Address")) {
      add(text(endpoint, field), addresses);
    }
    return addresses;
  }

  /** Where programs of this machine find published ports. */
  private static List<InetAddress> published(JsonObject ports) {
    Set<InetAddress> addresses = new LinkedHashSet<>();
    for (Map.Entry<String, JsonElement> port : ports.entrySet()) {
      if (port.getValue() instanceof JsonArray bindings) {
        for (JsonElement binding : bindings) {
          if (binding instanceof JsonObject object) {
            String host = text(object, "HostIp");
            switch (host) {
              case "", "0.0.0.0" -> add("127.0.0.1", addresses);
              case "::" -> add("::1", addresses);
              default -> add(host, addresses);
            }
          }
        }
      }
    }
    return List.copyOf(addresses);
  }

  private static void add(String address, Collection<InetAddress> addresses) {
    try {
      addresses.add(Prefix.parseAddress(address));
    } catch (IllegalArgumentException e) {
      // An endpoint that has none in this family yet: empty, or words.
    }
  }

  private static JsonObject object(JsonObject parent, String name) {
    return parent.get(name) instanceof JsonObject object ? object : new JsonObject();
  }

  private static String text(JsonObject parent, String name) {
    JsonElement value = parent.get(name);
    return value == null || !value.isJsonPrimitive() ? "" : value.getAsString();
  }

  private static List<String> texts(JsonObject parent, String name) {
    List<String> texts = new ArrayList<>();
    if (parent.get(name) instanceof JsonArray array) {
      for (JsonElement element : array) {
        if (element.isJsonPrimitive()) {
          texts.add(element.getAsString());
        }
      }
    }
    return texts;
  }
}
