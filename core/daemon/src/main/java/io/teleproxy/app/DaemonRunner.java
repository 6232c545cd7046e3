package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.api.ApiServer;
import io.teleproxy.api.Daemon;
import io.teleproxy.cli.Runner;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.Mode;
import io.teleproxy.config.RuntimeFolder;
import io.teleproxy.net.Transport;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of the daemon, from start to stop: opens the parts in order, prints the ready line,
 * waits, and closes them in reverse.
 */
public final class DaemonRunner implements Runner {
  private static final URI DIVERTED_API = URI.create("http://127.254.254.254/");

  private final Instant started = Instant.now();
  private final TableStore tables = new TableStore();
  private final Components components = new Components();
  private final CompletableFuture<Void> stopRequested = new CompletableFuture<>();
  private volatile boolean ready;
  private volatile @Nullable Interception interception;

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
    RuntimeFolder folder =
        closer.add("runtime folder", RuntimeFolder.claim(folder(environment, mode)));
    EventLoopGroup loops = Transport.group("io", 2);
    closer.add("event loops", () -> loops.shutdownGracefully(0, 0, TimeUnit.SECONDS));

    CompletionStage<Void> sourcesReady = CompletableFuture.completedFuture(null);
    Set<Integer> ownTargets = Set.of();
    if (mode != Mode.INTERCEPT) {
      TableSink sink = new LocalTables(tables);
      CompletionStage<Void> reached = sourcesReady;
      if (mode == Mode.BRIDGE) {
        RemoteTables remote =
            closer.add(
                "remote tables",
                new RemoteTables(
                    () -> apiOfInterceptor(environment), components.reporter("intercept")));
        sink = remote;
        reached = remote.connected();
      }
      Sources sources =
          closer.add(
              "sources",
              Sources.open(plugins.tunnels(), plugins.watchers(), sink, components, loops));
      ownTargets = sources.targets();
      sourcesReady = sources.ready().thenCombine(reached, (a, b) -> null);
    }
    if (mode == Mode.BRIDGE) {
      await(sourcesReady);
      announce(out, "ready: bridge", loops, environment);
      return;
    }

    Face face = new Face(configuration, ProcessHandle.current().pid());
    ApiServer api =
        closer.add("API", ApiServer.start(loops, tables, face, configuration.apiPort()));
    tables.put(Bootstrap.table(api.port()));
    Interception opened =
        closer.add(
            "interception",
            Interception.open(
                configuration,
                tables,
                components,
                plugins.chooseInterceptor(),
                plugins.resolvers(),
                ownTargets::contains,
                loops));
    interception = opened;
    await(sourcesReady);
    opened.start();
    folder.announce(new InetSocketAddress(InetAddress.getLoopbackAddress(), api.port()));
    Snapshot snapshot = tables.latest();
    announce(
        out,
        "ready: "
            + snapshot.tables().stream().mapToInt(table -> table.routes().size()).sum()
            + " routes, search "
            + String.join(" ", snapshot.search())
            + ", "
            + opened.backend(),
        loops,
        environment);
  }

  /** Waits for the sources, or for being told to stop. */
  private void await(CompletionStage<Void> sourcesReady) {
    try {
      CompletableFuture.anyOf(sourcesReady.toCompletableFuture(), stopRequested).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof UserException user) {
        throw user;
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

  private static Path folder(HostEnvironment environment, Mode mode) {
    Path folder = RuntimeFolder.locate(environment);
    return mode == Mode.BRIDGE ? folder.resolveSibling(folder.getFileName() + "-bridge") : folder;
  }

  private static URI apiOfInterceptor(HostEnvironment environment) {
    return RuntimeFolder.find(environment)
        .map(api -> URI.create("http://" + api.host() + ":" + api.port() + "/"))
        .orElse(DIVERTED_API);
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
      snapshot.tables().forEach(table -> counts.addProperty(table.name(), table.routes().size()));
      status.add("routes", counts);
      Interception opened = interception;
      if (opened != null) {
        opened.describe(status);
      }
      status.add("components", components.json());
      return status;
    }

    @Override
    public CompletionStage<Void> applied() {
      Interception opened = interception;
      return opened == null
          ? CompletableFuture.failedFuture(new IllegalStateException("still starting"))
          : opened.applied();
    }

    @Override
    public void shutdown() {
      stopRequested.complete(null);
    }
  }
}
