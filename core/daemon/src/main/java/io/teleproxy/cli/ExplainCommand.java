package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.spi.UserException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code teleproxy explain}. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Follow one name, and with a port one connection, step by step: who resolves it and how, which"
          + " rule and route it meets, how the tunnel and the far end are. The first broken step is"
          + " named with its remedy. With a port, a connection is really made, and closed at once.",
      ""
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:all steps work", "1:one is broken", ExitStatus.MENDABLE, ExitStatus.OURS},
    footerHeading = "%nExamples:%n",
    footer = {
      "  teleproxy explain web",
      "  teleproxy explain web.shop:80    with a real connection",
      "  teleproxy explain dns.shop:53/udp"
    })
final class ExplainCommand implements Callable<Integer> {
  private static final int BROKEN = 1;

  @Parameters(
      paramLabel = "HOST[:PORT]",
      description = "A name or an address, [IPV6]:PORT; PORT/udp for datagrams.")
  private String place = "";

  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  private final Program program;

  ExplainCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() {
    HostAndPort to = HostAndPort.parse(place);
    JsonObject answer =
        ApiClient.find(program.environment())
            .get(
                "/api/explain?host="
                    + URLEncoder.encode(to.host(), StandardCharsets.UTF_8)
                    + "&port="
                    + to.port()
                    + "&protocol="
                    + to.protocol())
            .getAsJsonObject();
    boolean broken = !Json.text(answer, "broken").isEmpty();
    if (answer.get("steps") instanceof JsonArray steps && !broken) {
      broken = LocalAttempt.of(to.host(), to.protocol().equals("udp") ? 0 : to.port(), steps);
      if (broken) {
        answer.addProperty("broken", "this machine");
      }
    }
    program.out().print(json ? Json.text(answer) : text(answer));
    return broken ? BROKEN : 0;
  }

  /**
   * A name with a port, or without: 0.
   *
   * @param protocol {@code tcp} or {@code udp}
   */
  record HostAndPort(String host, int port, String protocol) {
    static HostAndPort parse(String given) {
      String protocol = given.endsWith("/udp") ? "udp" : "tcp";
      String text = given.replaceFirst("/(tcp|udp)$", "");
      boolean bracketed = text.startsWith("[");
      int end = bracketed ? text.indexOf(']') : -1;
      int colon = text.indexOf(':', Math.max(0, end));
      boolean ipv6 = !bracketed && colon >= 0 && text.indexOf(':', colon + 1) >= 0;
      String host =
          bracketed && end > 0
              ? text.substring(1, end)
              : colon < 0 || ipv6 ? text : text.substring(0, colon);
      String port = colon < 0 || ipv6 ? "0" : text.substring(colon + 1);
      if (host.isEmpty() || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65535) {
        throw new UserException(
            "'" + given + "' is no place",
            "Write HOST, HOST:PORT (1-65535), [IPV6]:PORT, or one of these with /udp.");
      }
      return new HostAndPort(host, Integer.parseInt(port), protocol);
    }
  }

  private static String text(JsonObject answer) {
    List<List<String>> rows = new ArrayList<>();
    String remedy = "";
    for (JsonElement element : answer.getAsJsonArray("steps")) {
      JsonObject step = element.getAsJsonObject();
      String took = step.has("millis") ? " (" + Json.text(step, "millis") + " ms)" : "";
      rows.add(
          List.of(
              Json.text(step, "state"), Json.text(step, "step"), Json.text(step, "found") + took));
      if (remedy.isEmpty() && Json.text(step, "state").equals("broken")) {
        remedy = "\nBroken: " + Json.text(step, "step") + ". " + Json.text(step, "remedy") + "\n";
      }
    }
    return Columns.text(rows) + remedy;
  }
}
