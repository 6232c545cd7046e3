package io.teleproxy.app;

import io.teleproxy.api.ApiServer;
import io.teleproxy.config.Mode;
import io.teleproxy.config.Part;
import io.teleproxy.plugin.Loaded;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part that needs root: API and interception. The watchers and tunnels are in this process,
 * too, or in a bridge that the launcher has started or somebody will.
 */
final class RootPart implements ProcessPart {
  private static final Logger log = LoggerFactory.getLogger(RootPart.class);

  /** Longer than a bridge needs to start again. */
  private static final Duration LEASE = Duration.ofSeconds(10);

  private final RunContext run;
  private final TableStore tables = new TableStore();
  private final Knowledge knowledge = new Knowledge();
  private final CompletableFuture<Interception> interception = new CompletableFuture<>();

  /** Tunnels and watchers of this process; null where they are in another. */
  private volatile @Nullable Sources sources;

  /** What is known of a bridge in another process; null where the tunnels are ours. */
  private volatile @Nullable BridgeLease lease;

  private volatile String kind = "";

  /** Ports of the SOCKS5 proxies of this process. */
  private volatile Set<Integer> ownTargets = Set.of();

  RootPart(RunContext run) {
    this.run = run;
  }

  @Override
  public Optional<String> open() throws Exception {
    // Where the launcher has started the bridge as the user, root's part leaves all of that to it.
    boolean all = run.configuration().mode() == Mode.ALL;
    Optional<Long> bridge =
        all ? Part.pid(run.environment().variables(), Part.BRIDGE) : Optional.empty();
    BridgeLease leased = null;
    if (!all || bridge.isPresent()) {
      leased = awaitBridge(bridge.isPresent());
    } else if (run.environment().invoker().isPresent()) {
      log.warn(
          "the bridge runs as root and not as {}: setpriv (util-linux) is missing",
          run.environment().invoker().get().name());
    }
    // Before all else: who stops us while we start hears nothing of the bridge after our end.
    if (bridge.isPresent() && bridge.get() != 0 && leased != null) {
      run.sources()
          .add(
              "bridge",
              new BridgeProcess(
                  bridge.get(),
                  BridgeProcess.command(
                      System.getProperty("teleproxy.home", "."), Part.arguments()),
                  leased::ended));
    }
    DaemonFace face = face(leased);
    ApiServer api = run.closer().add("API", ApiListening.open(run, tables, face));
    log.debug("start: root: API");
    tables.put(Bootstrap.table(api.port()));

    // Probing the firewall and reading the kubeconfig both take their time: side by side.
    Thread opener = new Thread(this::openInterception, "open");
    opener.setDaemon(true);
    opener.start();
    CompletionStage<Void> read = CompletableFuture.completedFuture(null);
    try {
      if (leased == null) {
        read = openSources();
      } else if (bridge.isPresent()) {
        read = leased.ready();
      }
    } finally {
      opener.join();
    }
    if (bridge.isPresent() && leased != null && !interception.isCompletedExceptionally()) {
      interception.join().rehearse(leased.targets());
    }
    run.stop().awaitStart(interception.thenCombine(read, (opened, nothing) -> null));
    Interception opened = interception.join();
    if (opened.listening() != null) {
      ApiListening.atOwnName(api, run.components());
    }
    opened.start();
    run.closer().add("API's clients", api::disconnect);
    log.debug("start: root: rules");
    face.ready();
    return Optional.of(readyLine(tables.latest(), opened));
  }

  private BridgeLease awaitBridge(boolean beside) {
    BridgeLease awaited =
        run.closer()
            .add(
                "bridge lease",
                new BridgeLease(tables, run.components(), this::datagramsChanged, LEASE, beside));
    lease = awaited;
    knowledge.bridge(awaited.questions());
    return awaited;
  }

  private void datagramsChanged() {
    var unused = interception.thenAccept(Interception::datagramsChanged);
  }

  private DaemonFace face(@Nullable BridgeLease leased) {
    return new DaemonFace(
        new Status(
            run.configuration().mode(), run.environment(), tables, interception, run.components()),
        interception,
        new Insight(interception, run.components(), knowledge),
        knowledge,
        leased,
        this::kind,
        run.stop());
  }

  /** Found out when a bridge first asks. */
  private String kind() {
    boolean survived = Part.pid(run.environment().variables(), Part.SUPERVISED).isPresent();
    if (survived && kind.isEmpty()) {
      kind = RunKind.of(run.configuration(), Path.of(System.getProperty("teleproxy.home", ".")));
    }
    return kind;
  }

  private CompletionStage<Void> openSources() {
    Sources opened = run.openSources(new LocalTables(tables), this::datagramsChanged);
    sources = opened;
    knowledge.here(opened);
    ownTargets = opened.targets();
    return opened.ready();
  }

  private void openInterception() {
    try {
      Loaded<Interceptor> chosen = run.plugins().chooseInterceptor();
      Interception opened =
          run.closer()
              .add(
                  "interception",
                  new Interception(
                      run.configuration(),
                      tables,
                      run.components(),
                      run.plugins().interceptorsUnasked(),
                      chosen,
                      run.plugins().resolvers(),
                      this::isOwnTarget,
                      run.loops()));
      log.debug("start: root: listeners");
      interception.complete(opened);
    } catch (Throwable e) {
      interception.completeExceptionally(e);
    }
  }

  /** Whether a local port is one of our SOCKS5 proxies, in this process or in the bridge. */
  private boolean isOwnTarget(int port) {
    BridgeLease bridge = lease;
    return ownTargets.contains(port) || (bridge != null && bridge.targets().contains(port));
  }

  private static String readyLine(Snapshot snapshot, Interception opened) {
    return "ready: "
        + snapshot.tables().stream().mapToInt(Table::routeCount).sum()
        + " routes, "
        + (snapshot.search().isEmpty()
            ? ""
            : "search " + String.join(" ", snapshot.search()) + ", ")
        + opened.backend();
  }

  @Override
  public void follow() {
    interception.join().follow();
    Sources here = sources;
    if (here != null) {
      here.followNetwork();
    }
  }

  @Override
  public void reload() {
    Sources here = sources;
    if (here != null) {
      here.reload();
    }
    BridgeLease bridge = lease;
    if (bridge != null) {
      bridge.reload();
    }
  }
}
