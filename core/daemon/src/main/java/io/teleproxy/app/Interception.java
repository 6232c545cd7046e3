package io.teleproxy.app;

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
import io.teleproxy.proxy.TransparentProxy;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Resolver;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The half that needs root: DNS, transparent proxy and firewall. Opened first and started last,
 * when there is something to intercept.
 */
final class Interception implements AutoCloseable {
  private static final List<InetAddress> LOOPBACK =
      List.of(Prefix.parseAddress("127.0.0.1"), Prefix.parseAddress("::1"));

  private final Closer closer = new Closer();
  private final Components components;
  private final Loaded<Interceptor> backend;
  private final InterceptorContext context;
  private final Interceptor.Session firewall;
  private final DnsServer dns;
  private final TransparentProxy proxy;
  private final UdpInterception udp;
  private final CurrentPlan plan;
  private final Reconciler reconciler;
  private final Surroundings surroundings;
  private final ListenAddresses addresses;
  private final ResolverCaches caches;
  private final TableStore tables;
  private final NameSpaceWatch names;
  private final FlowView flows;
  private final IntPredicate ownTarget;
  private final Set<Interceptor.Capability> capabilities;

  /** Null where all destinations can be intercepted at the same time. */
  private final @Nullable Allotment allotment;

  /** Null where the firewall leads to one proxy, and tells the original destination. */
  private final @Nullable LocalListening listening;

  /**
   * Removes what a dead run left behind and opens the listeners; nothing is diverted yet.
   *
   * @param backends all there are, to remove what an earlier run left
   * @param backend the chosen one
   * @param ownTarget whether a local port is a SOCKS5 proxy of ours
   */
  Interception(
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
    this.names = new NameSpaceWatch(tables);
    try {
      JournalFolder journals = JournalFolder.ofMachine(backend.environment().os());
      Leftovers.remove(backends, journals);
      Journal journal =
          closer.add(
              "journal",
              new FileJournal(
                  journals,
                  () ->
                      JournalWatchdog.start(
                          backend.environment()::executable, JournalWatchdog.cleanup())));
      context =
          new InterceptorContext(
              backend.environment(),
              configuration.interceptGid(),
              journal,
              components.reporter(backend.pluginId()));
      firewall = backend.call(interceptor -> interceptor.open(context));
      capabilities = backend.call(Interceptor::capabilities);
      allotment =
          backend
              .call(interceptor -> interceptor.portByPort(backend.environment()))
              .map(limits -> new Allotment(limits, this::applied))
              .orElse(null);
      surroundings =
          closer.add(
              "network watch",
              new Surroundings(configuration, new WaysThere(components.reporter("routes"))));
      dns =
          closer.add(
              "DNS",
              DnsServer.start(
                  loops,
                  settings(configuration),
                  tables::visible,
                  ResolverSessions.open(resolvers, components, closer),
                  surroundings.nameservers(),
                  LOOPBACK,
                  0,
                  allotment == null ? AddressAdmission.ALWAYS : allotment));
      proxy =
          closer.add(
              "proxy",
              TransparentProxy.start(loops, firewall, tables::latest, ownTarget, dns.asked(), 0));
      flows = new FlowView(proxy, tables::latest);
      listening =
          capabilities.contains(Interceptor.Capability.ORIGINAL_DESTINATION)
              ? null
              : new LocalListening(proxy.destinations(), dns, components.reporter("listeners"));
      addresses = new ListenAddresses(dns, proxy, surroundings, firewall, listening);
      addresses.onBridges();
      caches =
          closer.add(
              "caches of others", ResolverCaches.ofThisMachine(backend.environment()::executable));
      closer.add("firewall", firewall);
      // Before the rules: when they are gone, what is said at the end of a connection does not get
      // back to its program under the address that it knows (nftables, kernel 6.18).
      closer.add("connections", proxy);
      if (listening != null) {
        closer.add("listeners", listening);
      }
      udp =
          closer.add(
              "udp",
              new UdpInterception(
                  proxy.udp(),
                  listening == null ? proxy.udp()::port : to -> OptionalInt.of(to.getPort()),
                  loops,
                  ownTarget,
                  components.reporter("udp"),
                  this::planAnew));
      plan = new CurrentPlan(udp, dns, proxy, surroundings, allotment, listening);
      reconciler =
          closer.add(
              "reconciler",
              new Reconciler(
                  tables,
                  firewall,
                  plan::of,
                  new NameSurvey()::of,
                  addresses::inForce,
                  plan::settled,
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

  private static DnsSettings settings(Configuration configuration) {
    return DnsSettings.STANDARD
        .withTtl((int) configuration.dnsTtl().toSeconds())
        .withNames(
            NamePolicy.of(
                configuration.dnsInclude(), configuration.dnsExclude(), configuration.dnsPublic()));
  }

  /**
   * Does what the first plan and the first name need, while the tables are waited for.
   *
   * @param coming SOCKS5 proxies that the tables are going to lead to
   */
  void rehearse(Set<Integer> coming) {
    udp.expect(coming);
    dns.rehearse(tables.latest(), Bootstrap.NAME);
  }

  /** From here on names resolve and connections flow. */
  void start() throws IOException {
    reconciler.start();
    components.report("dns", Health.ready());
    caches.flush();
    names.start(this::flushWhenApplied);
  }

  /** From here on the machine's network, and what others do to the firewall, are followed. */
  void follow() {
    surroundings.watch(
        () -> {
          dns.upstream(surroundings.nameservers());
          addresses.onBridges();
          flushWhenApplied();
        },
        this::diverted);
    context.follow(closer);
  }

  /** All that leads to the cluster. */
  Set<Prefix> diverted() {
    Set<Prefix> diverted = new HashSet<>();
    tables.latest().tables().forEach(t -> t.routes().forEach(route -> diverted.add(route.ip())));
    return diverted;
  }

  private void flushWhenApplied() {
    reconciler.applied().thenRun(caches::flush);
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

  private void planWhatWaits() {
    if (plan.waits()) {
      reconciler.changed();
    }
  }

  String backend() {
    return backend.pluginId();
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
    return plan.rules();
  }

  /** The rule that decides about a destination, as the system has it; may run a command. */
  Optional<Interceptor.MatchedRule> matching(Protocol protocol, InetSocketAddress to)
      throws IOException {
    return firewall.matching(protocol, to);
  }

  UdpInterception udp() {
    return udp;
  }

  /** Null where every destination is intercepted, port by port or not. */
  @Nullable Allotment allotment() {
    return allotment;
  }

  /** Null where the firewall leads to one proxy. */
  @Nullable LocalListening listening() {
    return listening;
  }

  boolean isOwnTarget(int port) {
    return ownTarget.test(port);
  }

  /** Firewall first, listeners after. */
  @Override
  public void close() {
    closer.close();
  }
}
