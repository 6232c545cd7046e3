package io.teleproxy.cli;

import com.google.gson.JsonObject;
import io.teleproxy.config.ConfigurationReader;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.journal.JournalFolder;
import io.teleproxy.plugin.Loaded;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code teleproxy cleanup}. */
@Command(
    name = "cleanup",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Remove what a teleproxy that did not end properly has left, and say what it was.",
      "",
      "Needs root and nothing else: no configuration, no cluster. Every start does the same first.",
      ""
    })
final class CleanupCommand implements Callable<Integer> {
  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  private final Program program;

  CleanupCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() {
    HostEnvironment environment = program.environment();
    if (!environment.privileged()) {
      throw new UserException(
          "teleproxy cleanup changes the firewall and needs root",
          "Run it as 'sudo teleproxy cleanup'.");
    }
    if (ApiClient.find(environment).isThere()) {
      throw new UserException(
          "a teleproxy is running here, and what there is is its",
          "Stop it with 'teleproxy stop', which leaves nothing.");
    }
    List<String> failures = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    try {
      JournalFolder.ofMachine(environment.os()).recover(undone -> removed.add("undone: " + undone));
    } catch (IOException e) {
      failures.add(e.getMessage());
    }
    try (PluginHost plugins =
        PluginHost.open(ConfigurationReader.defaults(environment), environment)) {
      for (Loaded<Interceptor> backend : plugins.interceptors()) {
        try {
          Iterable<String> gone =
              backend.call(interceptor -> interceptor.recover(backend.environment()));
          for (String one : gone) {
            removed.add("removed: " + one);
          }
        } catch (IOException | RuntimeException e) {
          failures.add(backend.pluginId() + ": " + e.getMessage());
        }
      }
    }
    if (json) {
      program.out().print(Json.text(json(removed, failures)));
    } else {
      removed.forEach(program.out()::println);
    }
    if (!failures.isEmpty()) {
      throw new UserException(
          "not everything could be removed: " + String.join("; ", failures),
          "Stop whatever else holds it and try again, or reboot.");
    }
    if (removed.isEmpty() && !json) {
      program.out().println("nothing was left");
    }
    return 0;
  }

  private static JsonObject json(List<String> removed, List<String> failures) {
    JsonObject json = new JsonObject();
    json.add("removed", Json.texts(removed));
    json.add("failures", Json.texts(failures));
    return json;
  }
}
