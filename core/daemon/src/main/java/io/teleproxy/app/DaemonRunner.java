package io.teleproxy.app;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.cli.Runner;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.Mode;
import io.teleproxy.config.Part;
import io.teleproxy.log.LogProvider;
import io.teleproxy.net.ProcessEnd;
import io.teleproxy.net.Transport;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.spi.UserException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of the daemon, from start to stop: opens the part that is in this process, prints the
 * ready line, waits, and closes everything in reverse.
 */
public final class DaemonRunner implements Runner {
  private static final Logger log = LoggerFactory.getLogger(DaemonRunner.class);

  private final Components components = new Components();
  private final StopRequest stop = new StopRequest();

  /** Null without a terminal, and in the bridge beside root's part, which shows it all. */
  private @Nullable Progress progress;

  @Override
  public int run(
      Configuration configuration, PluginHost plugins, HostEnvironment environment, PrintStream out)
      throws Exception {
    Closer closer = new Closer();
    Thread.setDefaultUncaughtExceptionHandler(new UncaughtFailures(closer::isClosed));
    StopOnSignal signals = StopOnSignal.install(closer);
    try {
      ProcessPart part = open(configuration, plugins, environment, closer, out);
      afterTheStart(part, closer, environment);
      return stop.await();
    } catch (CancellationException e) {
      // A signal came while we were starting; its hook closes what was opened.
      return 0;
    } finally {
      endProgress();
      closer.close();
      signals.disarm();
    }
  }

  @Override
  public void end(int status) {
    ProcessEnd.now(status);
  }

  private ProcessPart open(
      Configuration configuration,
      PluginHost plugins,
      HostEnvironment environment,
      Closer closer,
      PrintStream out)
      throws Exception {
    boolean beside = Part.isBridge(environment.variables());
    boolean bridge = beside || configuration.mode() == Mode.BRIDGE;
    // dist/bench/start makes its table of these lines.
    log.debug("start: {}: plugins", bridge ? "bridge" : "root");
    String terminal = System.getProperty(LogProvider.PROGRESS);
    if (terminal != null && !beside) {
      progress =
          closer.add(
              "progress",
              Progress.begin(
                  components,
                  bridge ? List.of("intercept") : List.of("dns", "firewall"),
                  ProcessHandle.current().info().startInstant().orElse(Instant.now()),
                  terminal.equals("colour"),
                  System.err));
    }
    if (!bridge) {
      requireRoot(environment);
      PrivateGroup.enter(configuration.interceptGid(), environment.os());
    }
    EventLoopGroup loops = Transport.group("io", 2);
    closer.add("event loops", () -> loops.shutdownGracefully(0, 0, TimeUnit.SECONDS));
    // Added first and so closed last: whoever is still connected keeps the tunnel until then.
    Closer sources = closer.add("sources", new Closer());
    RunContext run =
        new RunContext(
            configuration, plugins, environment, loops, components, stop, closer, sources);
    ProcessPart part = bridge ? new BridgePart(run) : new RootPart(run);
    part.open().ifPresent(line -> announce(line, out, loops, environment));
    return part;
  }

  private static void requireRoot(HostEnvironment environment) {
    if (!environment.privileged()) {
      throw new UserException(
          "teleproxy run changes the firewall and needs root",
          "Run it as 'sudo teleproxy run'; or only the part without root: 'teleproxy run --mode"
              + " bridge'.");
    }
  }

  private void announce(
      String line, PrintStream out, EventLoopGroup loops, HostEnvironment environment) {
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

  /** What can wait until we are ready; until then SIGHUP, too, means the end. */
  private void afterTheStart(ProcessPart part, Closer closer, HostEnvironment environment) {
    Thread thread =
        new Thread(
            () -> {
              Hangup.install(part::reload, stop::make);
              try {
                part.follow();
                boolean bridge = Part.isBridge(environment.variables());
                closer.add(
                    "open files",
                    OpenFilesWatch.begin(
                        components.reporter(bridge ? "bridge's open files" : "open files")));
                MemoryAtRest memory = new MemoryAtRest();
                memory.afterTheStart();
                if (!bridge && ClassDataRenewal.wanted()) {
                  closer.add("class data", ClassDataRenewal.ofThisProduct()).run();
                }
                memory.fromNowOn();
              } catch (CancellationException e) {
                // It has ended already.
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "after the start");
    thread.setDaemon(true);
    thread.start();
  }
}
