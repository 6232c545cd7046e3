package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.teleproxy.client.ApiConnection;
import io.teleproxy.config.ApiPlace;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Talks to the daemon that runs here. */
final class ApiClient {
  /** A full queue of the kernel, as in a flood, takes a connection after 1, 3 or 7 s. */
  private static final int CONNECT_MILLIS = 10_000;

  private static final int READ_MILLIS = 15_000;

  private final InetSocketAddress place;

  private ApiClient(InetSocketAddress place) {
    this.place = place;
  }

  /** What the API answered. */
  record Answer(int status, JsonElement body) {}

  /** The client of the daemon that runs here, if one does. */
  static ApiClient find(HostEnvironment environment) {
    return new ApiClient(ApiPlace.ofClients(environment));
  }

  /** Whether a daemon listens here, whatever it answers. */
  boolean isThere() {
    try (Socket socket = new Socket()) {
      socket.connect(place, CONNECT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  JsonElement get(String path) {
    return success(request("GET", path));
  }

  JsonElement post(String path) {
    return success(request("POST", path));
  }

  JsonElement post(String path, JsonElement body) {
    return success(request("POST", path, body.toString()));
  }

  /**
   * Sends a request without a body.
   *
   * @throws UserException if nobody answers, or not with JSON
   */
  Answer request(String method, String path) {
    return request(method, path, "");
  }

  private Answer request(String method, String path, String body) {
    try (ApiConnection api = new ApiConnection(place, CONNECT_MILLIS, READ_MILLIS)) {
      ApiConnection.Answer answer = api.exchange(method, path, body);
      String text = answer.body().isEmpty() ? "{}" : answer.body();
      return new Answer(answer.status(), JsonParser.parseString(text));
    } catch (ConnectException e) {
      throw nothingRuns();
    } catch (IOException | JsonParseException e) {
      throw new UserException(
          "the daemon at " + place.getAddress().getHostAddress() + " does not answer: " + e,
          "See its log; 'ss -Hltnp sport = " + place.getPort() + "' names its process.",
          e);
    }
  }

  private JsonElement success(Answer answer) {
    if (answer.status() < 400) {
      return answer.body();
    }
    throw new UserException(
        "the daemon refused: " + error(answer) + " (HTTP " + answer.status() + ")",
        answer.status() == 403 ? "Only root and its owner may talk to it." : "");
  }

  static String error(Answer answer) {
    return answer.body() instanceof JsonObject object && object.has("error")
        ? object.get("error").getAsString()
        : answer.body().toString();
  }

  private static UserException nothingRuns() {
    return new UserException(
        "no teleproxy is running here", "Start one with 'sudo teleproxy run'.");
  }
}
