package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.api.ApiServer;
import io.teleproxy.api.Daemon;
import io.teleproxy.cli.Runner;
import io.teleproxy.config.ApiPlace;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.Mode;
import io.teleproxy.config.Part;
import io.teleproxy.log.LogProvider;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.net.ProcessEnd;
import io.teleproxy.net.Transport;
import io.teleproxy.plugin.Loaded;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of the daemon, from start to stop: opens the parts in order, prints the ready line,
 * waits, and closes them in reverse.
 */
public final class DaemonRunner implements Runner {
  private static final Logger log = LoggerFactory.getLogger(DaemonRunner.class);

  /** Longer than a bridge needs to start again. */
  private static final Duration LEASE = Duration.ofSeconds(10);

  private static final long TIDY_MILLIS = 5_000;

  private final TableStore tables = new TableStore();
  private final Components components = new Components();
  private final Knowledge knowledge = new Knowledge();
  private final CompletableFuture<Void> stopRequested = new CompletableFuture<>();
  private volatile boolean ready;

  /** Whether the tables are carried out. */
  private volatile boolean started;

  /** Tunnels and watchers of this process; null where they are in another. */
  private volatile @Nullable Sources watched;

  /** What is known of a bridge in another process; null where the tunnels are ours. */
  private volatile @Nullable BridgeLease lease;

  /** Null without a terminal, and in the bridge beside root's part, which shows it all. */
  private volatile @Nullable Progress progress;

  private final CompletableFuture<Interception> interception = new CompletableFuture<>();
  private volatile Set<Integer> ownTargets = Set.of();

  @Override
  public int run(
      Configuration configuration, PluginHost plugins, HostEnvironment environment, PrintStream out)
      throws Exception {
    Closer closer = new Closer();
    StopOnSignal signals = StopOnSignal.install(closer);
    try {
      open(configuration, plugins, environment, closer, out);
      afterTheStart(closer, environment);
      stopRequested.join();
    } catch (CancellationException e) {
      // A signal came while we were starting; its hook closes what was opened.
    } finally {
      endProgress();
      closer.close();
      signals.disarm();
    }
    return 0;
  }

  @Override
  public void end(int status) {
    ProcessEnd.now(status);
  }

  /** What can wait until we are ready; until then SIGHUP, too, means the end. */
  private void afterTheStart(Closer closer, HostEnvironment environment) {
    Thread thread =
        new Thread(
            () -> {
              Hangup.install(this::reload, () -> stopRequested.complete(null));
              try {
                tidy();
                if (!Part.isBridge(environment.variables()) && ClassDataRenewal.wanted()) {
                  closer.add("class data", ClassDataRenewal.ofThisProduct()).run();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "after the start");
    thread.setDaemon(true);
    thread.start();
  }

  /** A start leaves more garbage than hours of running: what it took goes back to the system. */
  private static void tidy() throws InterruptedException {
    Thread.sleep(TIDY_MILLIS);
    System.gc();
  }

  private void open(
      Configuration configuration,
      PluginHost plugins,
      HostEnvironment environment,
      Closer closer,
      PrintStream out)
      throws Exception {
    Mode mode = Part.isBridge(environment.variables()) ? Mode.BRIDGE : configuration.mode();
    // dist/bench/start makes its table of these lines.
    log.debug("start: {}: plugins", mode == Mode.BRIDGE ? "bridge" : "root");
    String terminal = System.getProperty(LogProvider.PROGRESS);
    if (terminal != null && !Part.isBridge(environment.variables())) {
      progress =
          closer.add(
              "progress",
              Progress.begin(
                  components,
                  mode == Mode.BRIDGE ? List.of("intercept") : List.of("dns", "firewall"),
                  ProcessHandle.current().info().startInstant().orElse(Instant.now()),
                  terminal.equals("colour"),
                  System.err));
    }
    if (mode != Mode.BRIDGE) {
      requireRoot(environment);
      PrivateGroup.enter(configuration.interceptGid(), environment.os());
    }
    EventLoopGroup loops = Transport.group("io", 2);
    closer.add("event loops", () -> loops.shutdownGracefully(0, 0, TimeUnit.SECONDS));

    // Added first and so closed last: whoever is still connected keeps the tunnel until then.
    Closer sources = closer.add("sources", new Closer());
    if (mode == Mode.BRIDGE) {
      openBridge(plugins, environment, sources, loops, out);
      return;
    }

    // Where the launcher has started the bridge as the user, root's part leaves all of that to it.
    Optional<Long> bridge =
        mode == Mode.ALL ? Part.pid(environment.variables(), Part.BRIDGE) : Optional.empty();
    boolean alone = mode == Mode.ALL && bridge.isEmpty();
    if (!alone) {
      BridgeLease awaited =
          closer.add(
              "bridge lease",
              new BridgeLease(
                  tables,
                  components,
                  () -> interception.thenAccept(Interception::datagramsChanged),
                  LEASE));
      lease = awaited;
      knowledge.bridge(awaited.questions());
    } else if (environment.invoker().isPresent()) {
      log.warn(
          "the bridge runs as root and not as {}: setpriv (util-linux) is missing",
          environment.invoker().get().name());
    }
    Face face =
        new Face(new Status(configuration.mode(), environment, tables, interception, components));
    ApiServer api = closer.add("API", openApi(configuration, environment, face, loops));
    log.debug("start: root: API");
    tables.put(Bootstrap.table(api.port()));
    BridgeLease leased = lease;
    if (bridge.isPresent() && leased != null) {
      sources.add(
          "bridge",
          new BridgeProcess(
              bridge.get(),
              BridgeProcess.command(System.getProperty("teleproxy.home", "."), Part.arguments()),
              leased::ended));
    }

    // Probing the firewall and reading the kubeconfig both take their time: side by side.
    Thread opener =
        new Thread(() -> openInterception(configuration, plugins, closer, loops), "open");
    opener.setDaemon(true);
    opener.start();
    CompletionStage<Void> read = CompletableFuture.completedFuture(null);
    try {
      if (alone) {
        read =
            openSources(
                plugins,
                sources,
                new LocalTables(tables),
                () -> interception.thenAccept(Interception::datagramsChanged),
                environment,
                loops);
      } else if (bridge.isPresent() && leased != null) {
        read = leased.ready();
      }
    } finally {
      opener.join();
    }
    await(interception.thenCombine(read, (opened, nothing) -> null));
    Interception opened = interception.join();
    if (opened.listening() != null) {
      listenAtOwnName(api);
    }
    opened.start();
    closer.add("API's clients", api::disconnect);
    log.debug("start: root: rules");
    started = true;
    Snapshot snapshot = tables.latest();
    announce(
        out,
        "ready: "
            + snapshot.tables().stream().mapToInt(Table::routeCount).sum()
            + " routes, "
            + (snapshot.search().isEmpty()
                ? ""
                : "search " + String.join(" ", snapshot.search()) + ", ")
            + opened.backend(),
        loops,
        environment);
  }

  /** The part without root, by itself or started beside root's. */
  private void openBridge(
      PluginHost plugins,
      HostEnvironment environment,
      Closer sources,
      EventLoopGroup loops,
      PrintStream out) {
    boolean beside = Part.isBridge(environment.variables());
    if (beside) {
      Part.pid(environment.variables(), Part.PARENT)
          .ifPresent(
              parent -> {
                sources.add("death of root's part", () -> sayIfDead(parent));
                ProcessHandle.of(parent)
                    .ifPresentOrElse(
                        root -> {
                          var unused = root.onExit().thenRun(() -> stopRequested.complete(null));
                        },
                        () -> stopRequested.complete(null));
              });
    }
    RemoteTables remote =
        sources.add(
            "remote tables",
            new RemoteTables(
                ApiPlace.ofClients(environment),
                beside,
                components,
                this::reload,
                Knowledge.answering(() -> watched)));
    CompletionStage<Void> read =
        openSources(plugins, sources, remote, remote::datagramsChanged, environment, loops);
    log.debug("start: bridge: sources");
    remote.targets(ownTargets);
    await(read.thenCompose(nothing -> remote.ready()));
    log.debug("start: bridge: tables");
    ready = true;
    if (!beside) {
      announce(out, "ready: bridge", loops, environment);
    }
  }

  /** Nobody else is left who could. */
  private static void sayIfDead(long parent) {
    boolean dead =
        ProcessHandle.current().parent().filter(process -> process.pid() == parent).isEmpty();
    if (dead) {
      log.error(
          "root's part (pid {}) has died; its rules are removed and the bridge has ended, too. Start"
              + " it again; a service is started again by itself (docs/operations.md).",
          parent);
    }
  }

  private CompletionStage<Void> openSources(
      PluginHost plugins,
      Closer closer,
      TableSink sink,
      Runnable datagramsChanged,
      HostEnvironment environment,
      EventLoopGroup loops) {
    Sources opened =
        closer.add(
            "watchers and tunnels",
            Sources.open(
                plugins.tunnels(),
                plugins.watchers(),
                sink,
                components,
                datagramsChanged,
                LocalPeers.ofMany(owners(environment)),
                loops));
    watched = opened;
    knowledge.here(opened);
    ownTargets = opened.targets();
    return opened.ready();
  }

  private void openInterception(
      Configuration configuration, PluginHost plugins, Closer closer, EventLoopGroup loops) {
    try {
      Loaded<Interceptor> chosen = plugins.chooseInterceptor();
      Interception opened =
          closer.add(
              "interception",
              Interception.open(
                  configuration,
                  tables,
                  components,
                  plugins.interceptorsUnasked(),
                  chosen,
                  plugins.resolvers(),
                  this::isOwnTarget,
                  loops));
      log.debug("start: root: listeners");
      interception.complete(opened);
    } catch (Throwable e) {
      interception.completeExceptionally(e);
    }
  }

  private boolean isOwnTarget(int port) {
    BridgeLease bridge = lease;
    return ownTargets.contains(port) || (bridge != null && bridge.targets().contains(port));
  }

  /** Waits for the parts of a start, or for being told to stop. */
  private void await(CompletionStage<Void> parts) {
    try {
      CompletableFuture.anyOf(parts.toCompletableFuture(), stopRequested).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
    if (stopRequested.isDone()) {
      throw new CancellationException("stopped while starting");
    }
  }

  private void announce(
      PrintStream out, String line, EventLoopGroup loops, HostEnvironment environment) {
    ready = true;
    endProgress();
    SystemdNotify.send(loops, environment.variables().get("NOTIFY_SOCKET"), "READY=1");
    out.println(line);
    out.flush();
  }

  private void endProgress() {
    Progress shown = progress;
    if (shown != null) {
      shown.close();
    }
  }

  /** Takes our place in this network first, so that a second run touches nothing. */
  private ApiServer openApi(
      Configuration configuration, HostEnvironment environment, Face face, EventLoopGroup loops) {
    ApiServer api =
        ApiServer.start(
            loops,
            tables,
            face,
            LocalPeers.of(owners(environment)),
            List.of(Bootstrap.API),
            configuration.apiPort());
    InetSocketAddress place = ApiPlace.ofDaemon(environment.os());
    try {
      api.listen(place);
      return api;
    } catch (IOException e) {
      api.close();
      if (String.valueOf(e.getMessage()).contains("in use")) {
        throw OtherRun.refusal(place);
      }
      throw new UserException(
          "The API cannot listen on "
              + place.getAddress().getHostAddress()
              + ":"
              + place.getPort()
              + " ("
              + e.getMessage()
              + ")",
          "Run it as root, in a network whose loopback interface is up ('ip link set lo up').",
          e);
    }
  }

  /** Where no firewall leads there from {@code http://teleproxy}. */
  private void listenAtOwnName(ApiServer api) {
    try {
      api.listen(Bootstrap.API);
    } catch (IOException e) {
      components.report(
          "api",
          Health.degraded(
                  "http://teleproxy is not answered: another program listens at port 80 of all"
                      + " addresses ("
                      + e.getMessage()
                      + ")",
                  "'ss -lntp sport = :80' names it; the commands of teleproxy work all the same.")
              .because(Cause.PORT_TAKEN));
    }
  }

  /** Who may talk to us, besides root. */
  private static Set<Long> owners(HostEnvironment environment) {
    Set<Long> owners = new HashSet<>(Set.of(environment.uid()));
    environment.invoker().ifPresent(user -> owners.add(user.uid()));
    return owners;
  }

  private void reload() {
    Sources here = watched;
    if (here != null) {
      here.reload();
    }
    BridgeLease bridge = lease;
    if (bridge != null) {
      bridge.reload();
    }
  }

  private static void requireRoot(HostEnvironment environment) {
    if (!environment.privileged()) {
      throw new UserException(
          "teleproxy run changes the firewall and needs root",
          "Run it as 'sudo teleproxy run'; or only the part without root: 'teleproxy run --mode"
              + " bridge'.");
    }
  }

  /** What the API shows and does. */
  private final class Face implements Daemon {
    private final Status status;
    private final Insight insight = new Insight(interception, components, knowledge);

    Face(Status status) {
      this.status = status;
    }

    @Override
    public JsonObject status() {
      return status.json(ready);
    }

    @Override
    public CompletionStage<Void> applied() {
      // While we start, what is told us is carried out before we are ready.
      return started
          ? interception.thenCompose(Interception::applied)
          : CompletableFuture.completedFuture(null);
    }

    @Override
    public JsonObject bridge(JsonObject said) {
      BridgeLease bridge = lease;
      return bridge == null ? Daemon.super.bridge(said) : bridge.heard(said, status.instance());
    }

    @Override
    public CompletionStage<JsonObject> connections() {
      return insight.connections();
    }

    @Override
    public CompletionStage<JsonObject> queries(long after) {
      return insight.queries(after);
    }

    @Override
    public CompletionStage<JsonObject> explain(String host, Protocol protocol, int port) {
      return insight.explain(host, protocol, port);
    }

    @Override
    public CompletionStage<JsonObject> log() {
      return knowledge.log();
    }

    @Override
    public CompletionStage<String> metrics() {
      return insight.metrics();
    }

    @Override
    public Feed feed() {
      return insight.feed();
    }

    @Override
    public void shutdown() {
      stopRequested.complete(null);
    }
  }
}
