package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReconcilerTest {
  private static final int PROXY = 4000;

  private final TableStore store = new TableStore();
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final List<Health> health = new CopyOnWriteArrayList<>();
  private final List<InterceptPlan> settled = new CopyOnWriteArrayList<>();

  /** How many tables DNS tells of when the listeners hear of a plan. */
  private final List<Integer> inForce = new CopyOnWriteArrayList<>();

  private final Firewall firewall = new Firewall();
  private final InterceptPlanner planner = new InterceptPlanner(PROXY, LocalPorts.NONE, false);
  private final Reconciler reconciler =
      new Reconciler(
          store,
          firewall,
          snapshot -> planner.plan(snapshot, InterceptPlan.DnsCapture.NONE, List.of()),
          new NameSurvey()::of,
          plan -> inForce.add(store.visible().tables().size()),
          settled::add,
          health::add);

  /** Notes each plan together with what DNS tells at that moment. */
  private final class Firewall implements Interceptor.Session {
    volatile boolean broken;
    volatile boolean deaf;
    final List<AnsweredNames> told = new CopyOnWriteArrayList<>();

    @Override
    public void names(AnsweredNames names) throws IOException {
      if (deaf) {
        throw new IOException("no resolver today");
      }
      told.add(names);
    }

    @Override
    public void apply(InterceptPlan plan) throws IOException {
      if (broken) {
        throw new IOException("no iptables today");
      }
      events.add(
          "rules "
              + plan.rules().stream().map(rule -> rule.match().to().toString()).toList()
              + " while names "
              + store.visible().tables().stream()
                  .flatMap(table -> table.routes().stream())
                  .map(Route::name)
                  .toList());
    }

    @Override
    public Optional<InetSocketAddress> originalDestination(
        Interceptor.AcceptedConnection connection) {
      return Optional.empty();
    }

    @Override
    public void close() {}
  }

  @AfterEach
  void stop() {
    reconciler.close();
  }

  @Test
  void whatIsNewReachesTheFirewallBeforeDns() throws Exception {
    store.put(table("one", "10.0.0.1"));
    reconciler.start();
    assertThat(events).containsExactly("rules [10.0.0.1] while names []");
    assertThat(store.visible().nodes("one")).hasSize(1);
  }

  @Test
  void whatIsGoneLeavesDnsBeforeTheFirewall() throws Exception {
    store.put(table("one", "10.0.0.1"));
    reconciler.start();
    events.clear();
    store.put(table("two", "10.0.0.2"));
    reconciler.applied().toCompletableFuture().get(5, TimeUnit.SECONDS);
    assertThat(events)
        .containsExactly(
            "rules [10.0.0.1, 10.0.0.2] while names [one]", "rules [10.0.0.2] while names [two]");
  }

  @Test
  void theSystemIsToldWhichNamesAreAnsweredWheneverThatChanges() throws Exception {
    store.put(table("one", "10.0.0.1"));
    reconciler.start();
    store.put(new Table("zoned", List.of("Example.org"), List.of(), List.of(), true));
    applied();
    store.put(table("one", "10.0.0.3"));
    applied();
    store.put(table("under.example.org", "10.0.0.3"));
    applied();

    assertThat(firewall.told)
        .containsExactly(
            new AnsweredNames(List.of(), List.of("one"), List.of()),
            new AnsweredNames(List.of("Example.org"), List.of("one"), List.of()),
            new AnsweredNames(List.of("Example.org"), List.of(), List.of()));
  }

  @Test
  void whatTheResolverWasNotToldIsSaidAgain() throws Exception {
    reconciler.start();
    firewall.deaf = true;
    store.put(table("one", "10.0.0.1"));
    assertThatThrownBy(this::applied).hasRootCauseMessage("no resolver today");
    firewall.deaf = false;
    await().untilAsserted(() -> assertThat(firewall.told).hasSize(1));
  }

  @Test
  void whoListensHearsOfAPlanBeforeDnsTellsItsNames() throws Exception {
    store.put(table("one", "10.0.0.1"));
    reconciler.start();
    store.put(table("two", "10.0.0.2"));
    applied();

    assertThat(inForce).startsWith(0, 1);
  }

  private void applied() throws Exception {
    reconciler.applied().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void theSameTablesAgainDisturbNothing() throws Exception {
    store.put(table("one", "10.0.0.1"));
    reconciler.start();
    store.put(table("one", "10.0.0.1"));
    reconciler.applied().toCompletableFuture().get(5, TimeUnit.SECONDS);
    assertThat(events).hasSize(1);
  }

  @Test
  void aFailureIsToldAndTriedAgainUntilItWorks() throws Exception {
    reconciler.start();
    firewall.broken = true;
    store.put(table("one", "10.0.0.1"));
    assertThatThrownBy(() -> reconciler.applied().toCompletableFuture().get(5, TimeUnit.SECONDS))
        .hasMessageContaining("no iptables today");
    assertThat(store.visible().nodes("one")).isEmpty();
    firewall.broken = false;
    await().until(() -> store.visible().nodes("one").size() == 1);
    assertThat(health.get(health.size() - 1).state()).isEqualTo(Health.State.READY);
    assertThat(health).anyMatch(state -> state.state() == Health.State.FAILED);
  }

  private static Table table(String name, String ip) {
    return new Table(
        "t", List.of(Route.divert(name, Protocol.TCP, Prefix.parse(ip), Ports.ALL, 1080)));
  }
}
