package io.teleproxy.cli;

import com.google.gson.JsonElement;
import io.teleproxy.spi.UserException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code teleproxy tables}. */
@Command(
    name = "tables",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Show the routing tables of the running teleproxy, or one of them, as JSON: what it resolves"
          + " and where it diverts it to.",
      ""
    })
final class TablesCommand implements Callable<Integer> {
  @Parameters(arity = "0..1", paramLabel = "NAME", description = "The table to show; default: all.")
  private @Nullable String name;

  private final Program program;

  TablesCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() {
    ApiClient client = ApiClient.find(program.environment());
    program.out().print(Json.text(name == null ? client.get("/api/tables/") : table(client, name)));
    return 0;
  }

  @Option(names = "--json", description = "As with other commands; it is JSON in any case.")
  @SuppressWarnings({"UnusedMethod", "UnusedVariable"}) // accepted, and nothing follows of it
  private void json(boolean asked) {}

  private static JsonElement table(ApiClient client, String name) {
    String path =
        "/api/tables/" + URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    ApiClient.Answer answer = client.request("GET", path);
    if (answer.status() == 404) {
      throw new UserException(
          "there is no table '" + name + "'", "'teleproxy tables' shows all of them.");
    }
    return answer.status() < 400 ? answer.body() : client.get(path);
  }
}
