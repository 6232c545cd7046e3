package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The health of every component by name. Any thread. */
final class Components {
  private static final Logger log = LoggerFactory.getLogger("io.teleproxy.health");

  private final Map<String, Health> states = new ConcurrentSkipListMap<>();
  private final Map<String, Map<String, String>> details = new ConcurrentHashMap<>();

  /**
   * A reporter for the component of that name; a state that only repeats itself changes nothing.
   */
  Consumer<Health> reporter(String component) {
    return health -> report(component, health);
  }

  void report(String component, Health health, Map<String, String> known) {
    details(component, known);
    report(component, health);
  }

  /** As {@link #report(String, Health)}, of what another process says in the same log itself. */
  void hear(String component, Health health) {
    states.put(component, health);
  }

  void report(String component, Health health) {
    Health before = states.get(component);
    if (before != null
        && before.state() == health.state()
        && before.reason().equals(health.reason())
        && before.remedy().equals(health.remedy())
        && before.cause() == health.cause()) {
      return;
    }
    states.put(component, health);
    switch (health.state()) {
      case STARTING, READY, STOPPED -> {
        boolean recovered =
            before != null
                && (before.state() == Health.State.FAILED
                    || before.state() == Health.State.DEGRADED);
        if (recovered) {
          log.info("{}: {} again {}", component, lower(health), health.reason());
        } else {
          log.debug("{}: {} {}", component, lower(health), health.reason());
        }
      }
      case DEGRADED, FAILED ->
          log.warn("{}: {}: {}. {}", component, lower(health), health.reason(), health.remedy());
    }
  }

  /** Forgets components that are not there any more. */
  void remove(Collection<String> names) {
    states.keySet().removeAll(names);
    details.keySet().removeAll(names);
  }

  /** All as they are now, by name. */
  Map<String, Health> all() {
    return Map.copyOf(states);
  }

  /** What else there is to know of a component, such as the cluster's name; shown as it is. */
  void details(String component, Map<String, String> known) {
    details.put(component, Map.copyOf(known));
  }

  Map<String, String> details(String component) {
    return details.getOrDefault(component, Map.of());
  }

  /** All details by component. */
  Map<String, Map<String, String>> allDetails() {
    return Map.copyOf(details);
  }

  JsonArray json() {
    JsonArray array = new JsonArray();
    states.forEach(
        (name, health) -> {
          JsonObject json = new JsonObject();
          json.addProperty("name", name);
          json.addProperty("state", lower(health));
          json.addProperty("since", health.since().toString());
          json.addProperty("reason", health.reason());
          json.addProperty("remedy", health.remedy());
          if (health.cause() != Cause.NONE) {
            json.addProperty("cause", health.cause().id());
            json.addProperty("see", health.cause().anchor());
          }
          JsonObject known = new JsonObject();
          new TreeMap<>(details(name)).forEach(known::addProperty);
          if (known.size() > 0) {
            json.add("details", known);
          }
          array.add(json);
        });
    return array;
  }

  private static String lower(Health health) {
    return health.state().name().toLowerCase(Locale.ROOT);
  }
}
