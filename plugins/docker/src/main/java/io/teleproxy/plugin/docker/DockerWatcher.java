package io.teleproxy.plugin.docker;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Watcher;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.pf4j.Extension;

/** Containers of this machine, of Docker, Podman or whatever speaks Docker's API, as a table. */
@Extension
public final class DockerWatcher implements Watcher {
  @Override
  public Probe probe(Environment environment) {
    if (environment.os().equals("windows")) {
      return Probe.notApplicable("engines have no sockets in the file system here", "");
    }
    String there =
        EngineSockets.of(environment).look().stream()
            .map(socket -> socket.path().toString())
            .collect(Collectors.joining(" "));
    // An engine may be started any time.
    return Probe.applicable(0, there.isEmpty() ? "no engine yet" : there);
  }

  /** Who has forgotten his kubeconfig wants to hear that, not to get names of containers. */
  @Override
  public boolean accompanies() {
    return true;
  }

  @Override
  public Session open(Context context) {
    return EngineWait.open(context);
  }

  @Override
  public List<Finding> examine(Environment environment) {
    List<Finding> findings = new ArrayList<>();
    for (EngineSockets.Found socket : EngineSockets.of(environment).look()) {
      findings.add(
          socket.usable()
              ? Finding.ok("containers", "engine at " + socket.path())
              : Finding.note(
                  "containers", EngineHealth.forbidden(socket), EngineHealth.remedy(socket)));
    }
    return findings;
  }
}
