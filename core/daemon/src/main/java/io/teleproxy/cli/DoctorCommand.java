package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.ConfigurationReader;
import io.teleproxy.config.Flags;
import io.teleproxy.config.LogLevel;
import io.teleproxy.doctor.FindingJson;
import io.teleproxy.doctor.MachineExamination;
import io.teleproxy.net.HostRoutes;
import io.teleproxy.plugin.Loaded;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.plugin.PluginReport;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Finding.Verdict;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code teleproxy doctor}. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Look at everything that a run needs, whether one is running or not: rights, firewall, name"
          + " resolution, other tools, kubeconfig, API server, permissions. Changes nothing.",
      ""
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:nothing is bad", "1:something is", ExitStatus.MENDABLE, ExitStatus.OURS},
    footerHeading = "%nExamples:%n",
    footer = {
      "  sudo teleproxy doctor",
      "  sudo teleproxy doctor --bundle report.zip    for a bug report, without secrets"
    })
final class DoctorCommand implements Callable<Integer> {
  private static final int BAD = 1;

  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  @Option(
      names = "--bundle",
      paramLabel = "FILE",
      description =
          "Write all of it, with the configuration, into a zip file for a bug report;"
              + " secrets are removed.")
  private @Nullable Path bundle;

  @Mixin private final RunFlags flags = new RunFlags();
  private final Program program;

  DoctorCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws IOException {
    Logging.configure(LogLevel.ERROR);
    ReportBundle report = new ReportBundle(program.environment());
    List<Finding> findings = new ArrayList<>(MachineExamination.of(program.environment()));
    plugins(findings, report);
    daemon(findings, report);
    program.out().print(json ? Json.text(FindingJson.write(findings)) : text(findings));
    if (bundle != null) {
      report.add("doctor.txt", text(findings));
      report.addFiles(
          List.of(
              ConfigurationReader.SYSTEM_FILE,
              flags.config().orElse(program.environment().configFolder().resolve("teleproxy.conf")),
              Path.of("/etc/resolv.conf")));
      report.write(bundle);
      program.err().println("written: " + bundle + " (look into it before you send it)");
    }
    return findings.stream().anyMatch(one -> one.verdict() == Verdict.BAD) ? BAD : 0;
  }

  private void plugins(List<Finding> findings, ReportBundle report) {
    Flags given = new Flags();
    flags.addTo(given);
    if (!flags.namesSource()) {
      running().ifPresent(status -> findings.add(adopted(status, given)));
    }
    Configuration configuration;
    try {
      configuration = ConfigurationReader.read(given, program.environment());
    } catch (UserException e) {
      findings.add(Finding.bad("configuration", String.valueOf(e.getMessage()), e.remedy()));
      configuration = ConfigurationReader.defaults(program.environment());
    }
    try (PluginHost plugins = PluginHost.open(configuration, program.environment())) {
      for (PluginReport plugin : plugins.report()) {
        if (plugin.state() == PluginReport.State.FAILED) {
          findings.add(Finding.bad("plugin " + plugin.id(), plugin.reason(), plugin.remedy()));
        }
      }
      firewall(plugins.interceptors(), findings);
      for (Loaded<Watcher> watcher : plugins.watchers()) {
        if (watcher.probe() instanceof Probe.NotApplicable not) {
          findings.add(Finding.note(watcher.pluginId(), not.reason(), not.remedy()));
        } else {
          findings.addAll(watcher.call(one -> one.examine(watcher.environment())));
          routes(watcher, findings);
          watcher.call(one -> one.evidence(watcher.environment())).forEach(report::add);
        }
      }
    }
  }

  private Finding adopted(JsonObject status, Flags given) {
    return RunningKubeconfig.adopt(status, given, program.environment().uid());
  }

  /** What the running teleproxy says; empty if none runs, or not to us. */
  private Optional<JsonObject> running() {
    ApiClient api = ApiClient.find(program.environment());
    try {
      return api.isThere()
          ? Optional.of(api.get("/api/status").getAsJsonObject())
          : Optional.empty();
    } catch (UserException e) {
      return Optional.empty();
    }
  }

  private static void routes(Loaded<Watcher> watcher, List<Finding> findings) {
    Set<Prefix> addresses = watcher.call(one -> one.addresses(watcher.environment()));
    if (addresses.isEmpty()) {
      return;
    }
    List<String> overlapping =
        HostRoutes.read(Path.of("/proc/net")).overlapping(addresses).stream()
            .map(HostRoutes.Overlap::toString)
            .toList();
    if (overlapping.isEmpty()) {
      findings.add(
          Finding.ok(
              "routes",
              "none of this machine's own leads to the "
                  + addresses.size()
                  + " addresses of "
                  + watcher.pluginId()));
    } else {
      findings.add(
          Finding.note(
              "routes",
              "this machine has routes of its own to addresses of "
                  + watcher.pluginId()
                  + ": "
                  + String.join("; ", overlapping),
              "While teleproxy runs these addresses are the cluster's; what the VPN or network has"
                  + " there is not reached. Leave namespaces out with"
                  + " plugins.kubernetes.namespaces.excluded, if that matters."));
    }
  }

  private static void firewall(List<Loaded<Interceptor>> backends, List<Finding> findings) {
    boolean some = backends.stream().anyMatch(Loaded::applicable);
    for (Loaded<Interceptor> backend : backends) {
      String check = "firewall " + backend.pluginId();
      if (backend.probe() instanceof Probe.NotApplicable not) {
        findings.add(
            some
                ? Finding.note(check, not.reason(), not.remedy())
                : Finding.bad(check, not.reason(), not.remedy()));
      } else if (backend.probe() instanceof Probe.Applicable found) {
        findings.add(Finding.ok(check, found.detail()));
      }
    }
  }

  /** What the running teleproxy says of itself. */
  private void daemon(List<Finding> findings, ReportBundle report) {
    ApiClient api = ApiClient.find(program.environment());
    if (!api.isThere()) {
      findings.add(Finding.ok("teleproxy", "none is running"));
      return;
    }
    try {
      JsonObject status = api.get("/api/status").getAsJsonObject();
      report.add("status.json", Json.text(status));
      for (String path : List.of("connections", "queries")) {
        report.add(path + ".json", Json.text(api.get("/api/" + path)));
      }
      report.addLog(api.get("/api/log").getAsJsonObject());
      findings.add(Finding.ok("teleproxy", "runs, pid " + Json.text(status, "pid")));
      for (JsonElement element : status.getAsJsonArray("components")) {
        JsonObject component = element.getAsJsonObject();
        String state = Json.text(component, "state");
        String check = "part " + Json.text(component, "name");
        String found = state + " " + Json.text(component, "reason");
        if (state.equals("ready")) {
          findings.add(Finding.ok(check, found.strip()));
        } else {
          Verdict verdict = state.equals("failed") ? Verdict.BAD : Verdict.NOTE;
          findings.add(new Finding(check, verdict, found, Json.text(component, "remedy")));
        }
      }
    } catch (UserException e) {
      findings.add(Finding.note("teleproxy", String.valueOf(e.getMessage()), e.remedy()));
    }
  }

  private static String text(List<Finding> findings) {
    List<List<String>> rows = new ArrayList<>();
    for (Finding finding : findings) {
      String remedy = finding.remedy().isEmpty() ? "" : ". " + finding.remedy();
      rows.add(List.of(lower(finding), finding.check(), finding.found() + remedy));
    }
    return Columns.text(rows);
  }

  private static String lower(Finding finding) {
    return finding.verdict().name().toLowerCase(Locale.ROOT);
  }
}
