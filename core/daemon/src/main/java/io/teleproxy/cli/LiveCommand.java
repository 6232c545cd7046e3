package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/**
 * A command that shows what the running teleproxy does: as it is now, or what comes from now on.
 */
abstract class LiveCommand implements Callable<Integer> {
  private static final long PERIOD_MILLIS = 300;

  @Option(names = "--follow", description = "Go on, one line for each that comes, until Ctrl-C.")
  private boolean follow;

  @Option(names = "--json", description = "As JSON, for programs; with --follow one per line.")
  private boolean json;

  private final Program program;

  LiveCommand(Program program) {
    this.program = program;
  }

  /** Asks for the path that has what is new. */
  abstract String path();

  /** What is so, as JSON. */
  abstract JsonElement overview(JsonObject now);

  /** The same for people, with a line end. */
  abstract String overviewText(JsonObject now);

  /**
   * What has come since the call before; of the first call, what is still going on.
   *
   * @param first whether nothing was asked before
   */
  abstract List<JsonObject> news(JsonObject now, boolean first);

  /** One of the news in one line. */
  abstract String line(JsonObject one);

  @Override
  public final Integer call() throws InterruptedException {
    ApiClient api = ApiClient.find(program.environment());
    JsonObject now = api.get(path()).getAsJsonObject();
    if (!follow) {
      program.out().print(json ? Json.text(overview(now)) : overviewText(now));
      return 0;
    }
    boolean first = true;
    while (!program.out().checkError()) {
      for (JsonObject one : news(now, first)) {
        program.out().println(json ? one : line(one));
      }
      first = false;
      Thread.sleep(PERIOD_MILLIS);
      now = api.get(path()).getAsJsonObject();
    }
    return 0;
  }
}
