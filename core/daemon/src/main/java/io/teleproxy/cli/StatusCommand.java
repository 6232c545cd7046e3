package io.teleproxy.cli;

import com.google.gson.JsonElement;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code teleproxy status}. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {"Show how the running teleproxy is: every part, and what to do about it.", ""})
final class StatusCommand implements Callable<Integer> {
  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  private final Program program;

  StatusCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() {
    JsonElement status = ApiClient.find(program.environment()).get("/api/status");
    program.out().print(json ? Json.text(status) : StatusView.text(status));
    return 0;
  }
}
