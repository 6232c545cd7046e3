package io.teleproxy.app;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.teleproxy.client.ApiConnection;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetSocketAddress;

/** The teleproxy that has our place already, and what it says of itself. */
final class OtherRun {
  private static final int MILLIS = 2000;

  private OtherRun() {}

  /** Why this run cannot be: who holds the place, and since when. */
  static UserException refusal(InetSocketAddress place) {
    String address = place.getAddress().getHostAddress() + ":" + place.getPort();
    try {
      JsonObject status = ask(place);
      return new UserException(
          "another teleproxy is running in this network (pid "
              + status.get("pid").getAsLong()
              + ", since "
              + status.get("since").getAsString()
              + ")",
          "Stop it with 'teleproxy stop'.");
    } catch (IOException | JsonParseException | IllegalStateException | NullPointerException e) {
      return new UserException(
          "another teleproxy is running in this network: "
              + address
              + " is taken, and does not answer ("
              + e.getMessage()
              + ")",
          "'ss -Hltnp sport = "
              + place.getPort()
              + "' names its process; end that with 'kill', or 'kill -9' if it hangs.",
          e);
    }
  }

  private static JsonObject ask(InetSocketAddress place) throws IOException {
    try (ApiConnection api = new ApiConnection(place, MILLIS, MILLIS)) {
      return JsonParser.parseString(api.exchange("GET", "/api/status", "").body())
          .getAsJsonObject();
    }
  }
}
