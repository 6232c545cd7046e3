package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.spi.UserException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code teleproxy stop}. */
@Command(
    name = "stop",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Stop the running teleproxy, and wait until everything is as it was before it started.",
      ""
    })
final class StopCommand implements Callable<Integer> {
  private static final long LONGEST_STOP_SECONDS = 20;

  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  private final Program program;

  StopCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws Exception {
    ApiClient client = ApiClient.find(program.environment());
    long pid = pid(client.get("/api/status"));
    Optional<ProcessHandle> daemon =
        ProcessHandle.of(pid).filter(process -> process.pid() != ownPid());
    client.post("/api/shutdown");
    if (daemon.isPresent()) {
      try {
        daemon.get().onExit().get(LONGEST_STOP_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        throw new UserException(
            "teleproxy (pid "
                + pid
                + ") is still running "
                + LONGEST_STOP_SECONDS
                + " s after it was told to stop",
            "See its log; 'kill " + pid + "' ends it.",
            e);
      }
    }
    if (json) {
      JsonObject stopped = new JsonObject();
      stopped.addProperty("stopped", true);
      stopped.addProperty("pid", pid);
      program.out().print(Json.text(stopped));
    } else {
      program.out().println("stopped");
    }
    return 0;
  }

  private static long pid(JsonElement status) {
    return status instanceof JsonObject object && object.has("pid")
        ? object.get("pid").getAsLong()
        : ownPid();
  }

  private static long ownPid() {
    return ProcessHandle.current().pid();
  }
}
