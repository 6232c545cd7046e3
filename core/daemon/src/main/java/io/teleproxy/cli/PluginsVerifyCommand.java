package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.plugin.PluginVerification;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
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
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:it would work", "2:it would not; what to do is said", ExitStatus.OURS},
    footerHeading = "%nExamples:%n",
    footer = {
      "  teleproxy plugins verify target/my-plugin.jar",
      "  install -m 644 target/my-plugin.jar ~/.config/teleproxy/plugins/"
    })
final class PluginsVerifyCommand implements Callable<Integer> {
  private static final int MENDABLE = 2;

  @Parameters(paramLabel = "JAR", description = "The jar.")
  private Path jar = Path.of("");

  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  private final Program program;

  PluginsVerifyCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() {
    PluginVerification found = PluginVerification.of(jar, program.environment());
    program.out().print(json ? Json.text(json(found)) : text(found));
    return found.problems().isEmpty() ? 0 : MENDABLE;
  }

  private String text(PluginVerification found) {
    StringBuilder text = new StringBuilder();
    found.facts().forEach(fact -> text.append("ok       ").append(fact).append('\n'));
    for (PluginVerification.Problem problem : found.problems()) {
      text.append("problem  ").append(problem.reason()).append(". ");
      text.append(problem.remedy()).append('\n');
    }
    String verdict = found.problems().isEmpty() ? ": good" : ": not usable as it is";
    return text.append(jar).append(verdict).append('\n').toString();
  }

  private JsonObject json(PluginVerification found) {
    JsonObject json = new JsonObject();
    json.addProperty("path", jar.toAbsolutePath().normalize().toString());
    json.addProperty("id", found.id());
    json.addProperty("usable", found.problems().isEmpty());
    JsonArray facts = new JsonArray();
    found.facts().forEach(facts::add);
    json.add("facts", facts);
    JsonArray problems = new JsonArray();
    for (PluginVerification.Problem problem : found.problems()) {
      JsonObject one = new JsonObject();
      one.addProperty("reason", problem.reason());
      one.addProperty("remedy", problem.remedy());
      problems.add(one);
    }
    json.add("problems", problems);
    return json;
  }
}
