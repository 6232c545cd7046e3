package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.config.Configuration;
import io.teleproxy.dns.AddressAdmission;
import io.teleproxy.dns.DnsServer;
import io.teleproxy.dns.DnsSettings;
import io.teleproxy.dns.NamePolicy;
import io.teleproxy.journal.FileJournal;
import io.teleproxy.journal.JournalFolder;
import io.teleproxy.journal.JournalWatchdog;
import io.teleproxy.plugin.Loaded;
import io.teleproxy.proxy.Flow;
import io.teleproxy.proxy.TransparentProxy;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Resolver;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The half that needs root: DNS, transparent proxy and firewall. Opened first and started last,
 * when there is something to intercept.
 */
final class Interception implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Interception.class);

  private static final List<InetAddress> LOOPBACK =
      List.of(Prefix.parseAddress("127.0.0.1"), Prefix.parseAddress("::1"));

  private final Closer closer = new Closer();
  private final Components components;
  private final Loaded<Interceptor> backend;
  private final Interceptor.Session firewall;
  private final DnsServer dns;
  private final TransparentProxy proxy;
  private final UdpInterception udp;
  private final InterceptPlanner planner;
  private final Reconciler reconciler;
  private final Surroundings surroundings;
  private final ResolverCaches caches;
  private final TableStore tables;
  private final AtomicReference<NameSpace> names;
  private final FlowView flows;
  private final IntPredicate ownTarget;
  private final Set<Interceptor.Capability> capabilities;

  /** Null where all destinations can be intercepted at the same time. */
  private final @Nullable Allotment allotment;

  /** Null where the firewall leads to one proxy, and tells the original destination. */
  private final @Nullable LocalListening listening;

  private volatile int rules;
  private Set<InetAddress> arrivals = Set.of();

  private Interception(
      Configuration configuration,
      TableStore tables,
      Components components,
      List<Loaded<Interceptor>> backends,
      Loaded<Interceptor> backend,
      List<Loaded<Resolver>> resolvers,
      IntPredicate ownTarget,
      EventLoopGroup loops) {
    this.components = components;
    this.backend = backend;
    this.tables = tables;
    this.ownTarget = ownTarget;
    this.names = new AtomicReference<>(NameSpace.of(tables.latest()));
    try {
      JournalFolder journals = JournalFolder.ofMachine(backend.environment().os());
      recover(backends, journals);
      Journal journal =
          closer.add(
              "journal",
              new FileJournal(
                  journals,
                  () ->
                      JournalWatchdog.start(
                          backend.environment()::executable, JournalWatchdog.cleanup())));
      firewall =
          backend.call(
              interceptor ->
                  interceptor.open(
                      new Context(
                          backend.environment(),
                          configuration.interceptGid(),
                          journal,
                          components.reporter(backend.pluginId()))));
      capabilities = backend.call(Interceptor::capabilities);
      allotment =
          backend
              .call(interceptor -> interceptor.portByPort(backend.environment()))
              .map(limits -> new Allotment(limits, this::applied))
              .orElse(null);
      surroundings = closer.add("network watch", new Surroundings(configuration));
      dns =
          closer.add(
              "DNS",
              DnsServer.start(
                  loops,
                  settings(configuration),
                  tables::visible,
                  open(resolvers),
                  surroundings.nameservers(),
                  LOOPBACK,
                  0,
                  allotment == null ? AddressAdmission.ALWAYS : allotment));
      proxy =
          closer.add(
              "proxy", TransparentProxy.start(loops, firewall, tables::latest, ownTarget, 0));
      flows = new FlowView(proxy, tables::latest);
      listenOnBridges();
      caches =
          closer.add(
              "caches of others", ResolverCaches.ofThisMachine(backend.environment()::executable));
      closer.add("firewall", firewall);
      // Before the rules: when they are gone, what is said at the end of a connection does not get
      // back to its program under the address that it knows (nftables, kernel 6.18).
      closer.add("connections", proxy);
      boolean local = !capabilities.contains(Interceptor.Capability.ORIGINAL_DESTINATION);
      listening =
          local
              ? closer.add(
                  "listeners",
                  new LocalListening(proxy.destinations(), dns, components.reporter("listeners")))
              : null;
      udp =
          closer.add(
              "udp",
              new UdpInterception(
                  proxy.udp(),
                  local ? to -> OptionalInt.of(to.getPort()) : proxy.udp()::port,
                  loops,
                  ownTarget,
                  components.reporter("udp"),
                  this::planAnew));
      planner = new InterceptPlanner(proxy.port(), udp, allotment != null);
      reconciler =
          closer.add(
              "reconciler",
              new Reconciler(
                  tables,
                  firewall,
                  this::plan,
                  new NameSurvey()::of,
                  this::inForce,
                  this::settled,
                  components.reporter("firewall")));
      if (allotment != null) {
        ScheduledFuture<?> look =
            loops.next().scheduleWithFixedDelay(this::planWhatWaits, 1, 1, TimeUnit.SECONDS);
        closer.add("allotment", () -> look.cancel(false));
      }
    } catch (Throwable e) {
      closer.close();
      throw e;
    }
  }

  /**
   * Removes what a dead run left behind and opens the listeners; nothing is diverted yet.
   *
   * @param backends all there are, to remove what an earlier run left
   * @param backend the chosen one
   * @param ownTarget whether a local port is a SOCKS5 proxy of ours
   */
  static Interception open(
      Configuration configuration,
      TableStore tables,
      Components components,
      List<Loaded<Interceptor>> backends,
      Loaded<Interceptor> backend,
      List<Loaded<Resolver>> resolvers,
      IntPredicate ownTarget,
      EventLoopGroup loops) {
    return new Interception(
        configuration, tables, components, backends, backend, resolvers, ownTarget, loops);
  }

  /** From here on names resolve and connections flow. */
  void start() throws IOException {
    reconciler.start();
    components.report("dns", Health.ready());
    caches.flush();
    tables.listen(this::namesChanged);
    surroundings.watch(
        () -> {
          dns.upstream(surroundings.nameservers());
          listenOnBridges();
          flushWhenApplied();
        });
  }

  /** Other zones or search domains give names another meaning; single records are short-lived. */
  private void namesChanged() {
    NameSpace now = NameSpace.of(tables.latest());
    if (!now.equals(names.getAndSet(now))) {
      flushWhenApplied();
    }
  }

  private void flushWhenApplied() {
    reconciler.applied().thenRun(caches::flush);
  }

  /** What decides which names are ours. */
  private record NameSpace(Set<String> zones, List<String> search) {
    static NameSpace of(Snapshot snapshot) {
      Set<String> zones = new HashSet<>();
      for (Table table : snapshot.tables()) {
        zones.addAll(table.zones());
      }
      return new NameSpace(zones, snapshot.search());
    }
  }

  CompletionStage<Void> applied() {
    return reconciler.applied();
  }

  /** A tunnel says that it carries datagrams now, or no more. */
  void datagramsChanged() {
    udp.retry();
  }

  private void planAnew() {
    reconciler.changed();
  }

  /** Connections whose address waits for their end; ports that another program has. */
  private void planWhatWaits() {
    if ((allotment != null && allotment.isHolding())
        || (listening != null && listening.isIncomplete())) {
      reconciler.changed();
    }
  }

  String backend() {
    return backend.pluginId();
  }

  DnsServer dns() {
    return dns;
  }

  TransparentProxy proxy() {
    return proxy;
  }

  FlowView flowView() {
    return flows;
  }

  Snapshot tables() {
    return tables.latest();
  }

  /** How many rules are in force. */
  int rules() {
    return rules;
  }

  /** The rule that decides about a destination, as the system has it; may run a command. */
  Optional<Interceptor.MatchedRule> matching(Protocol protocol, InetSocketAddress to)
      throws IOException {
    return firewall.matching(protocol, to);
  }

  /** As {@link UdpInterception#refusal}. */
  String refusesDatagrams(int target) {
    return udp.refusal(target);
  }

  boolean isOwnTarget(int port) {
    return ownTarget.test(port);
  }

  /** What {@code status} tells of this half. */
  void describe(JsonObject status) {
    InterceptStatus.tell(this, status);
  }

  /** The chosen one. */
  Loaded<Interceptor> chosen() {
    return backend;
  }

  Set<Interceptor.Capability> capabilities() {
    return capabilities;
  }

  Surroundings surroundings() {
    return surroundings;
  }

  UdpInterception udp() {
    return udp;
  }

  /** Firewall first, listeners after. */
  @Override
  public void close() {
    closer.close();
  }

  private static DnsSettings settings(Configuration configuration) {
    return DnsSettings.STANDARD
        .withTtl((int) configuration.dnsTtl().toSeconds())
        .withNames(
            NamePolicy.of(
                configuration.dnsInclude(), configuration.dnsExclude(), configuration.dnsPublic()));
  }

  /** Redirected packets of containers arrive at the address of their bridge. */
  private synchronized void listenOnBridges() {
    List<InetAddress> bridges = surroundings.bridges().addresses();
    dns.listen(bridges);
    proxy.listen(bridges, arrivals);
  }

  private void inForce(InterceptPlan plan) {
    if (listening != null) {
      listening.serve(plan);
    } else {
      arriveAt(firewall.arrivals());
    }
  }

  /** Where a backend needs an address of ours for each destination. */
  private synchronized void arriveAt(Set<InetAddress> addresses) {
    if (!addresses.equals(arrivals)) {
      arrivals = Set.copyOf(addresses);
      listenOnBridges();
    }
  }

  private void settled(InterceptPlan plan) {
    rules = plan.rules().size();
    if (listening != null && listening.isIncomplete()) {
      listening.serve(plan);
    }
    udp.settled(planner.datagramRules(plan));
  }

  private InterceptPlan plan(Snapshot snapshot) {
    InterceptPlan plan = planner.plan(snapshot, capture(), surroundings.bridges().names());
    return allotment == null ? plan : allotment.limit(plan, connected());
  }

  private InterceptPlan.DnsCapture capture() {
    if (listening != null && !listening.answersNames()) {
      return InterceptPlan.DnsCapture.NONE;
    }
    List<InetAddress> captured = new ArrayList<>(surroundings.nameservers().captured());
    captured.add(DnsServer.OWN_ADDRESS);
    return new InterceptPlan.DnsCapture(captured, dns.port());
  }

  private Set<InetAddress> connected() {
    Set<InetAddress> connected = new HashSet<>();
    for (Flow flow : proxy.flows()) {
      if (flow.protocol() == Protocol.TCP) {
        connected.add(flow.destination().getAddress());
      }
    }
    return connected;
  }

  /** Null where every destination is intercepted, port by port or not. */
  @Nullable Allotment allotment() {
    return allotment;
  }

  /** Null where the firewall leads to one proxy. */
  @Nullable LocalListening listening() {
    return listening;
  }

  private List<Resolver.Session> open(List<Loaded<Resolver>> resolvers) {
    List<Resolver.Session> sessions = new ArrayList<>();
    for (Loaded<Resolver> resolver : resolvers) {
      if (!resolver.applicable()) {
        continue;
      }
      String name = "resolver " + resolver.pluginId();
      try {
        Resolver.Session session =
            resolver.call(
                extension ->
                    extension.open(
                        new Resolver.Context() {
                          @Override
                          public Environment environment() {
                            return resolver.environment();
                          }

                          @Override
                          public void health(Health health) {
                            components.report(name, health);
                          }
                        }));
        components.report(name, Health.ready());
        sessions.add(closer.add(name, session));
      } catch (RuntimeException | LinkageError e) {
        // One resolver that breaks must not take all of DNS with it.
        log.warn("{} does not start", name, e);
        components.report(
            name,
            Health.failed(
                    "it does not start: " + e, "Remove the plugin, or ask its author; see the log.")
                .because(Cause.PLUGIN_BROKEN));
      }
    }
    return sessions;
  }

  /** Of all backends: the run that died may have chosen another than this one. */
  private static void recover(List<Loaded<Interceptor>> backends, JournalFolder journals) {
    try {
      journals.recover(undone -> log.info("left by an earlier run, undone: {}", undone));
    } catch (IOException e) {
      // No reason not to run; 'teleproxy cleanup' fails for it.
      log.warn("left by an earlier run: {}", e.getMessage());
    }
    for (Loaded<Interceptor> backend : backends) {
      if (!backend.applicable()) {
        continue;
      }
      try {
        Iterable<String> gone =
            backend.call(interceptor -> interceptor.recover(backend.environment()));
        for (String removed : gone) {
          log.info("{}: left by an earlier run, removed: {}", backend.pluginId(), removed);
        }
      } catch (IOException e) {
        throw new UserException(
            "What an earlier run left in the firewall cannot be removed: " + e.getMessage(),
            "Stop whatever else holds it, or reboot.",
            e);
      }
    }
  }

  private record Context(
      Environment environment, long exemptGid, Journal journal, Consumer<Health> reporter)
      implements Interceptor.Context {
    @Override
    public void health(Health health) {
      reporter.accept(health);
    }
  }
}
