package io.teleproxy.dist;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A real Podman on a machine of a test: its bridges are in the machine's network namespace, all its
 * files in memory, in a mount namespace of its own. It has one image, {@code busybox}, made of the
 * program of this machine; nothing is pulled. The API, which speaks Docker's language, is there
 * between {@link #startService} and {@link #stopService}.
 */
final class ContainerEngine implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** No limits are raised, since that takes a right that test machines may lack. */
  private static final String CONFIGURATION =
      """
      [containers]
      default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
      log_driver = "k8s-file"
      [engine]
      cgroup_manager = "cgroupfs"
      events_logger = "file"
      runtime = "runc"
      [network]
      network_backend = "netavark"
      """;

  private static final String MOUNTS =
      """
      mount --bind "$1" /etc/resolv.conf
      for each in /run /dev/shm /var/lib/containers /etc/containers/networks; do
        mkdir -p $each
        mount -t tmpfs tmpfs $each
      done
      touch "$2"
      exec sleep infinity
      """;

  private static final String IMAGE =
      """
      mkdir -p bin tmp etc proc sys dev
      cp "$(command -v busybox)" bin/busybox
      for each in sh httpd wget cat; do ln -sf busybox bin/$each; done
      tar -c . | podman --storage-driver vfs import - localhost/busybox
      """;

  private final Path folder;
  private final Path socket;
  private final Path log;
  private final Process holder;

  /** Process ids of containers, by name. */
  private final Map<String, String> pids = new HashMap<>();

  private @Nullable Process service;

  ContainerEngine(Namespace machine) {
    Requirements.programs("podman", "runc", "conmon", "busybox", "nsenter", "unshare", "tar");
    Requirements.met(
        Files.isExecutable(Path.of("/usr/lib/podman/aardvark-dns")), "needs aardvark-dns");
    try {
      folder = Files.createTempDirectory("teleproxy-it-engine-");
      socket = folder.resolve("podman.sock");
      log = Files.createFile(folder.resolve("log"));
      Files.writeString(folder.resolve("containers.conf"), CONFIGURATION);
      Path mounted = folder.resolve("mounted");
      holder =
          Command.of("unshare", "--mount", "--propagation", "private", "sh", "-euc", MOUNTS, "sh")
              .and("/etc/netns/" + machine.name() + "/resolv.conf", mounted.toString())
              .behind(List.of("nsenter", "--net=/run/netns/" + machine.name()))
              .start(log, log);
      await("the engine's files").atMost(PATIENCE).until(() -> Files.exists(mounted));
      Path root = Files.createDirectory(folder.resolve("image"));
      inside("sh", "-euc", "cd \"$0\"\n" + IMAGE, root.toString()).run(PATIENCE).succeeded();
      writeDocker();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The socket of the API; in the file system while the service runs, or was killed. */
  Path socket() {
    return socket;
  }

  /** A folder for PATH, in which {@code docker} is this engine. */
  Path path() {
    return folder.resolve("path");
  }

  /** Runs the engine's command line to its end. */
  Command.Result podman(String... arguments) {
    return podmanCommand(arguments).run(PATIENCE).succeeded();
  }

  /** A command inside a container that runs, as the engine's own {@code exec} would run it. */
  Command in(String container, String... words) {
    return Command.of(words)
        .behind(
            List.of("nsenter", "--target", pid(container), "--net", "--mount", "--root", "--wd"));
  }

  /** A program of this machine in the network of a container. */
  Command inNetworkOf(String container, String... words) {
    return Command.of(words).behind(List.of("nsenter", "--net", "--target", pid(container)));
  }

  private String pid(String container) {
    return pids.computeIfAbsent(
        container, name -> podman("inspect", "--format", "{{.State.Pid}}", name).out().trim());
  }

  void startService() {
    service = podmanCommand("system", "service", "--time", "0", "unix://" + socket).start(log, log);
    await("the engine's API")
        .atMost(PATIENCE)
        .until(
            () ->
                Command.of("curl", "-sf", "-m5", "--unix-socket", socket.toString())
                        .and("http://engine/_ping")
                        .run()
                        .exit()
                    == 0);
  }

  /** Ends the API as a crash would: the socket stays in the file system. Containers go on. */
  void stopService() {
    Process running = service;
    if (running != null) {
      running.destroyForcibly();
      try {
        running.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Command podmanCommand(String... arguments) {
    List<String> words = new ArrayList<>(List.of("podman", "--storage-driver", "vfs"));
    words.addAll(List.of(arguments));
    return inside(words.toArray(String[]::new));
  }

  private Command inside(String... words) {
    return Command.of(words)
        .behind(enter())
        .env(Map.of("CONTAINERS_CONF", folder.resolve("containers.conf").toString()));
  }

  private List<String> enter() {
    return List.of(
        "nsenter", "--mount", "--net", "--target", Long.toString(holder.pid()), "--wd=/");
  }

  private void writeDocker() throws IOException {
    Path docker = Files.createDirectory(path()).resolve("docker");
    Files.writeString(
        docker,
        "#!/bin/sh\nCONTAINERS_CONF="
            + folder.resolve("containers.conf")
            + " exec "
            + String.join(" ", enter())
            + " podman --storage-driver vfs \"$@\"\n");
    Files.setPosixFilePermissions(docker, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Override
  public void close() {
    stopService();
    podmanCommand("rm", "--all", "--force", "--depend", "--time", "0").run(PATIENCE);
    podmanCommand("network", "prune", "--force").run(PATIENCE);
    inside("sh", "-c", "for each in /sys/class/net/podman*; do ip link delete ${each##*/}; done")
        .run();
    inside("sh", "-c", "find /sys/fs/cgroup -name libpod_parent -type d -exec rmdir {} +").run();
    holder.destroyForcibly();
    Command.of("rm", "-rf", folder.toString()).run();
  }
}
