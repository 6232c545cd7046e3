package io.teleproxy.plugin.pf;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pf4j.Extension;

/** Intercepts with pf, the firewall of macOS. */
@Extension
public final class PfInterceptor implements Interceptor {
  private static final int PRIORITY = 100;

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** How often is looked whether somebody else has undone something. */
  private static final Duration CHECK = Duration.ofSeconds(5);

  private static final String RELOAD =
      "Load the system's own rules again: sudo pfctl -f /etc/pf.conf (an /etc/pf.conf without these"
          + " lines is not Apple's any more).";

  private final CommandRunner runner;
  private final PfDevice.Opener opener;
  private final Path device;
  private final Duration check;

  /** For the plugin host. */
  public PfInterceptor() {
    this(new ProcessRunner(TIMEOUT), JnaPfDevice::open, Path.of(JnaPfDevice.PATH), CHECK);
  }

  PfInterceptor(CommandRunner runner, PfDevice.Opener opener, Path device, Duration check) {
    this.check = check;
    this.runner = runner;
    this.opener = opener;
    this.device = device;
  }

  @Override
  public Probe probe(Environment environment) {
    if (!environment.os().equals("macos")) {
      return Probe.notApplicable("pf is part of macOS, this is " + environment.os(), "");
    }
    if (!environment.privileged()) {
      return Probe.notApplicable("pf may be changed by root only", "Run it with sudo.");
    }
    List<String> missing = new ArrayList<>();
    Optional<Tools> tools = Tools.find(environment, runner, missing::add);
    if (tools.isEmpty()) {
      return Probe.notApplicable(
          missing.get(0) + " not found", "It is part of macOS, in /sbin or /usr/sbin: mend PATH.");
    }
    if (!Files.exists(device)) {
      return Probe.notApplicable(device + " is not there", "Run it on the Mac itself.");
    }
    try {
      Pfctl pf = tools.get().pf();
      Optional<String> uncalled = pf.uncalled();
      if (uncalled.isPresent()) {
        return Probe.notApplicable(uncalled.get(), RELOAD);
      }
      return Probe.applicable(
          PRIORITY,
          "pf in anchor "
              + Pfctl.ANCHOR
              + (pf.enabled() ? ", enabled" : ", to be enabled")
              + (pf.skips("lo0") ? ", set skip on lo0 to be taken back" : ""));
    } catch (IOException e) {
      return Probe.notApplicable(
          String.valueOf(e.getMessage()), "See what 'sudo pfctl -s all' says.");
    }
  }

  @Override
  public Set<Capability> capabilities() {
    return Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(Capability.OWNER_CLEANUP)));
  }

  /**
   * What has a fixed name, each in spite of the others' failure. What has not, the token that keeps
   * pf on, is in the journal alone.
   */
  @Override
  public Iterable<String> recover(Environment environment) throws IOException {
    if (!environment.privileged()) {
      throw new UserException(
          "macos-pf: firewall rules can be seen and removed by root only", "Run it with sudo.");
    }
    Tools tools = tools(environment);
    Pfctl pf = tools.pf();
    List<String> removed = new ArrayList<>();
    Steps steps = new Steps();
    steps.run(
        () -> {
          if (pf.loaded()) {
            pf.flush();
            removed.add("pf anchor " + Pfctl.ANCHOR);
          }
        });
    steps.run(
        () -> {
          List<String> keys = tools.store().remove();
          keys.forEach(key -> removed.add("dynamic store " + key));
          if (!keys.isEmpty()) {
            tools.forgetNames();
          }
        });
    steps.finish();
    return List.copyOf(removed);
  }

  @Override
  public Session open(Context context) {
    Tools tools = tools(context.environment());
    try {
      return new PfSession(tools, opener.open(), context, check);
    } catch (IOException e) {
      throw new UserException(
          "macos-pf: pf cannot be asked: " + e.getMessage(),
          "Run it with sudo, on the Mac itself.",
          e);
    }
  }

  private Tools tools(Environment environment) {
    List<String> missing = new ArrayList<>();
    return Tools.find(environment, runner, missing::add)
        .orElseThrow(
            () -> new UserException("macos-pf: " + missing.get(0) + " not found", "Mend PATH."));
  }
}
