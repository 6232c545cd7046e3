package io.teleproxy.plugin.docker;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Watcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How the engines are, told when it has changed. No engine is no trouble; one that the user may not
 * ask is. On the event loop.
 */
final class EngineHealth {
  private final Watcher.Context context;
  private boolean ready;
  private Health told = Health.starting("");
  private Map<String, String> details = Map.of();

  EngineHealth(Watcher.Context context) {
    this.context = context;
  }

  /** The run does not wait for us any longer. */
  void started() {
    if (!ready) {
      ready = true;
      say(Health.ready());
    }
  }

  void tell(List<EngineSockets.Found> sockets, Collection<Engine> engines) {
    if (engines.stream().noneMatch(Engine::isStarting)) {
      started();
    }
    if (!ready) {
      return;
    }
    say(health(sockets, engines));
    Map<String, String> known = new TreeMap<>();
    List<String> followed = new ArrayList<>();
    int containers = 0;
    for (Engine engine : engines) {
      if (engine.isKnown()) {
        followed.add(engine.socket().toString());
        containers += engine.size();
      }
    }
    known.put("engines", followed.isEmpty() ? "none" : String.join(" ", followed));
    known.put("containers", Integer.toString(containers));
    if (!known.equals(details)) {
      details = known;
      context.details(known);
    }
  }

  private static Health health(List<EngineSockets.Found> sockets, Collection<Engine> engines) {
    for (EngineSockets.Found socket : sockets) {
      if (!socket.usable()) {
        return Health.degraded(forbidden(socket), remedy(socket))
            .because(Cause.CONTAINER_ENGINE_FORBIDDEN);
      }
    }
    for (Engine engine : engines) {
      if (!engine.trouble().isEmpty()) {
        return Health.degraded(
                "the container engine at " + engine.socket() + ": " + engine.trouble(),
                "Look whether 'docker ps' or 'podman ps' works; it is tried again by itself.")
            .because(Cause.UNKNOWN);
      }
    }
    return Health.ready();
  }

  /** What is so where we may not connect. */
  static String forbidden(EngineSockets.Found socket) {
    return "names of containers are not known: "
        + System.getProperty("user.name")
        + " may not use "
        + socket.path();
  }

  /** What to do about it. */
  static String remedy(EngineSockets.Found socket) {
    String leave = "name other engines with plugins.docker.sockets.";
    return socket.group().equals("root")
        ? "Let the engine's socket be used by a group that you are in, or " + leave
        : "Join the group ("
            + "sudo usermod -aG "
            + socket.group()
            + " "
            + System.getProperty("user.name")
            + ") and start teleproxy again, or "
            + leave;
  }

  private void say(Health now) {
    if (now.state() != told.state() || !now.reason().equals(told.reason())) {
      told = now;
      context.health(now);
    }
  }
}
