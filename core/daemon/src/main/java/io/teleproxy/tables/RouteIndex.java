package io.teleproxy.tables;

import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Route.Action;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one table by where they lead. Immutable.
 *
 * @param hosts routes of single addresses, each address's in the order of {@link #ORDER}
 * @param prefixes all other routes, in the order of {@link #ORDER}
 */
record RouteIndex(TrieMap<InetAddress, List<Route>> hosts, List<Route> prefixes) {
  static final RouteIndex EMPTY = new RouteIndex(TrieMap.empty(), List.of());

  /** As {@link io.teleproxy.spi.InterceptPlan} orders its rules: the first match decides. */
  static final Comparator<Route> PRECEDENCE =
      Comparator.<Route, Prefix>comparing(Route::ip)
          .thenComparing(Route::ports)
          .thenComparing(route -> route.action() instanceof Action.Divert ? 0 : 1);

  /** Leaves nothing to the order in which routes came. */
  private static final Comparator<Route> ORDER =
      PRECEDENCE
          .thenComparing(Route::protocol)
          .thenComparing(route -> route.action() instanceof Action.Divert to ? to.target() : 0)
          .thenComparing(Route::name);

  /** The route that decides about the destination; null if none does. */
  @Nullable Route find(Protocol protocol, InetAddress address, int port) {
    for (Route route : hosts.getOrDefault(address, List.of())) {
      if (route.protocol() == protocol && route.ports().contains(port)) {
        return route;
      }
    }
    for (Route route : prefixes) {
      if (route.protocol() == protocol
          && route.ip().contains(address)
          && route.ports().contains(port)) {
        return route;
      }
    }
    return null;
  }

  /** From one state to the next. Confined to one thread. */
  static final class Editor {
    private final RouteIndex before;
    private final TrieMap.Editor<InetAddress, List<Route>> hosts;
    private final List<Route> prefixes;

    Editor(RouteIndex before) {
      this.before = before;
      this.hosts = before.hosts.edit();
      this.prefixes = new ArrayList<>(before.prefixes);
    }

    /** Puts a part's routes of now in the place of those of before. */
    void replace(@Nullable Part gone, @Nullable Part come) {
      List<Route> old = gone == null ? List.of() : gone.routes();
      List<Route> now = come == null ? List.of() : come.routes();
      if (old.equals(now)) {
        return;
      }
      old.forEach(this::remove);
      now.forEach(this::add);
    }

    RouteIndex done() {
      prefixes.sort(ORDER);
      return new RouteIndex(
          hosts.done(), prefixes.equals(before.prefixes) ? before.prefixes : List.copyOf(prefixes));
    }

    private void add(Route route) {
      if (!route.ip().isHost()) {
        prefixes.add(route);
        return;
      }
      InetAddress address = route.ip().address();
      List<Route> there = hosts.get(address);
      if (there == null) {
        hosts.put(address, List.of(route));
        return;
      }
      List<Route> more = new ArrayList<>(there);
      more.add(route);
      more.sort(ORDER);
      hosts.put(address, List.copyOf(more));
    }

    private void remove(Route route) {
      if (!route.ip().isHost()) {
        prefixes.remove(route);
        return;
      }
      InetAddress address = route.ip().address();
      List<Route> less =
          new ArrayList<>(hosts.get(address) == null ? List.of() : hosts.get(address));
      less.remove(route);
      if (less.isEmpty()) {
        hosts.remove(address);
      } else {
        hosts.put(address, List.copyOf(less));
      }
    }
  }
}
