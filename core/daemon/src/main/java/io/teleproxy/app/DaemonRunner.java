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
import io.teleproxy.net.LocalPeers;
import io.teleproxy.net.Transport;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * One run of the daemon, from start to stop: opens the parts in order, prints the ready line,
 * waits, and closes them in reverse.
 */
public final class DaemonRunner implements Runner {
  private final Instant started = Instant.now();
  private final TableStore tables = new TableStore();
  private final Components components = new Components();
  private final CompletableFuture<Void> stopRequested = new CompletableFuture<>();
  private volatile boolean ready;
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
      stopRequested.join();
    } catch (CancellationException e) {
      // A signal came while we were starting; its hook closes what was opened.
    } finally {
      closer.close();
      signals.disarm();
    }
    return 0;
  }

  private void open(
      Configuration configuration,
      PluginHost plugins,
      HostEnvironment environment,
      Closer closer,
      PrintStream out)
      throws Exception {
    Mode mode = configuration.mode();
    if (mode != Mode.BRIDGE) {
      requireRoot(environment);
      PrivateGroup.enter(configuration.interceptGid());
    }
    EventLoopGroup loops = Transport.group("io", 2);
    closer.add("event loops", () -> loops.shutdownGracefully(0, 0, TimeUnit.SECONDS));

    // Added first and so closed last: whoever is still connected keeps the tunnel until then.
    Closer sources = closer.add("sources", new Closer());
    if (mode == Mode.BRIDGE) {
      RemoteTables remote =
          sources.add(
              "remote tables",
              new RemoteTables(
                  ApiPlace.uri(ApiPlace.ofClients(environment)), components.reporter("intercept")));
      CompletionStage<Void> read = openSources(plugins, sources, remote, loops);
      await(read.thenCompose(nothing -> remote.delivered()));
      announce(out, "ready: bridge", loops, environment);
      return;
    }

    Face face = new Face(configuration, ProcessHandle.current().pid());
    ApiServer api = closer.add("API", openApi(configuration, environment, face, loops));
    tables.put(Bootstrap.table(api.port()));

    // Probing the firewall and reading the kubeconfig both take their time: side by side.
    Thread opener =
        new Thread(() -> openInterception(configuration, plugins, closer, loops), "open");
    opener.setDaemon(true);
    opener.start();
    CompletionStage<Void> read = CompletableFuture.completedFuture(null);
    try {
      if (mode == Mode.ALL) {
        read = openSources(plugins, sources, new LocalTables(tables), loops);
      }
    } finally {
      opener.join();
    }
    await(interception.thenCombine(read, (opened, nothing) -> null));
    Interception opened = interception.join();
    opened.start();
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

  private CompletionStage<Void> openSources(
      PluginHost plugins, Closer closer, TableSink sink, EventLoopGroup loops) {
    Sources opened =
        closer.add(
            "watchers and tunnels",
            Sources.open(
                plugins.tunnels(),
                plugins.watchers(),
                sink,
                components,
                () -> interception.thenAccept(Interception::datagramsChanged),
                loops));
    ownTargets = opened.targets();
    return opened.ready();
  }

  private void openInterception(
      Configuration configuration, PluginHost plugins, Closer closer, EventLoopGroup loops) {
    try {
      interception.complete(
          closer.add(
              "interception",
              Interception.open(
                  configuration,
                  tables,
                  components,
                  plugins.interceptors(),
                  plugins.chooseInterceptor(),
                  plugins.resolvers(),
                  port -> ownTargets.contains(port),
                  loops)));
    } catch (Throwable e) {
      interception.completeExceptionally(e);
    }
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
    SystemdNotify.send(loops, environment.variables().get("NOTIFY_SOCKET"), "READY=1");
    out.println(line);
    out.flush();
  }

  /** Takes our place in this network first, so that a second run touches nothing. */
  private ApiServer openApi(
      Configuration configuration, HostEnvironment environment, Face face, EventLoopGroup loops) {
    Set<Long> owners = new HashSet<>(Set.of(environment.uid()));
    environment.invoker().ifPresent(user -> owners.add(user.uid()));
    ApiServer api =
        ApiServer.start(
            loops,
            tables,
            face,
            LocalPeers.of(owners),
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
    private final Configuration configuration;
    private final long pid;

    Face(Configuration configuration, long pid) {
      this.configuration = configuration;
      this.pid = pid;
    }

    @Override
    public JsonObject status() {
      JsonObject status = new JsonObject();
      status.addProperty("ready", ready);
      status.addProperty("mode", configuration.mode().name().toLowerCase(Locale.ROOT));
      status.addProperty("pid", pid);
      status.addProperty("since", started.toString());
      status.addProperty("instance", pid + "@" + started);
      Snapshot snapshot = tables.latest();
      JsonObject counts = new JsonObject();
      snapshot.tables().forEach(table -> counts.addProperty(table.name(), table.routeCount()));
      status.add("routes", counts);
      if (interception.isDone() && !interception.isCompletedExceptionally()) {
        interception.join().describe(status);
      }
      status.add("components", components.json());
      return status;
    }

    @Override
    public CompletionStage<Void> applied() {
      return interception.thenCompose(Interception::applied);
    }

    @Override
    public void shutdown() {
      stopRequested.complete(null);
    }
  }
}
