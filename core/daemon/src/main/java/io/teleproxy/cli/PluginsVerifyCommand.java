package io.teleproxy.cli;

import io.teleproxy.plugin.PluginVerification;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code teleproxy plugins verify JAR}: says whether a jar would work, and runs none of it. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Check a plugin's jar before it is installed: permissions, manifest, the SPI version that it"
          + " requires, its index of extensions and their classes. None of it is run.",
      ""
    })
final class PluginsVerifyCommand implements Callable<Integer> {
  private static final int MENDABLE = 2;

  @Parameters(paramLabel = "JAR", description = "The jar.")
  private Path jar = Path.of("");

  private final Program program;

  PluginsVerifyCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() {
    PluginVerification found = PluginVerification.of(jar, program.environment());
    found.facts().forEach(fact -> program.out().println("ok       " + fact));
    for (PluginVerification.Problem problem : found.problems()) {
      program.out().println("problem  " + problem.reason() + ". " + problem.remedy());
    }
    program.out().println(jar + (found.problems().isEmpty() ? ": good" : ": not usable as it is"));
    return found.problems().isEmpty() ? 0 : MENDABLE;
  }
}
