package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.RuntimeFolder;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Talks to the daemon that runs here. */
final class ApiClient {
  private static final int CONNECT_MILLIS = 2_000;
  private static final int READ_MILLIS = 15_000;

  private final RuntimeFolder.Api api;

  private ApiClient(RuntimeFolder.Api api) {
    this.api = api;
  }

  /** What the API answered. */
  record Answer(int status, JsonElement body) {}

  /**
   * The client of the daemon that runs here.
   *
   * @throws UserException if none does
   */
  static ApiClient find(HostEnvironment environment) {
    return new ApiClient(RuntimeFolder.find(environment).orElseThrow(ApiClient::nothingRuns));
  }

  /** The daemon's process id. */
  long pid() {
    return api.pid();
  }

  JsonElement get(String path) {
    return success(request("GET", path));
  }

  JsonElement post(String path) {
    return success(request("POST", path));
  }

  /**
   * Sends a request without a body.
   *
   * @throws UserException if nobody answers, or not with JSON
   */
  Answer request(String method, String path) {
    // HttpURLConnection rather than java.net.http: a command that asks one thing starts faster.
    try {
      String host = api.host().indexOf(':') < 0 ? api.host() : "[" + api.host() + "]";
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://" + host + ":" + api.port() + path)
                  .toURL()
                  .openConnection(Proxy.NO_PROXY);
      connection.setRequestMethod(method);
      connection.setConnectTimeout(CONNECT_MILLIS);
      connection.setReadTimeout(READ_MILLIS);
      int status = connection.getResponseCode();
      try (InputStream body =
          status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
        String text = body == null ? "{}" : new String(body.readAllBytes(), StandardCharsets.UTF_8);
        return new Answer(status, JsonParser.parseString(text));
      } finally {
        connection.disconnect();
      }
    } catch (ConnectException e) {
      throw nothingRuns();
    } catch (IOException | JsonParseException e) {
      throw new UserException(
          "the daemon (pid " + api.pid() + ") does not answer on port " + api.port() + ": " + e,
          "See its log; end it with 'kill " + api.pid() + "' if it hangs.",
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
