package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * What an ordinary program of this machine gets: it asks the C library for the name, and connects.
 * This process is one, other than the daemon, whose own traffic the firewall leaves alone.
 */
final class LocalAttempt {
  private static final int CONNECT_MILLIS = 10_000;

  /** A connection that is accepted and reset comes to its end within this time, if it does. */
  private static final int RESET_MILLIS = 300;

  private LocalAttempt() {}

  /**
   * Tries, and adds what it got as steps.
   *
   * @return whether it failed
   */
  static boolean of(String host, int port, JsonArray steps) {
    InetAddress[] addresses;
    long start = System.nanoTime();
    try {
      addresses = InetAddress.getAllByName(host);
      ok(steps, "lookup here", host + " is " + Arrays.toString(texts(addresses)), start);
    } catch (UnknownHostException e) {
      return broken(
          steps, "lookup here", "a program of this machine does not find " + host, remedy(steps));
    }
    if (port == 0) {
      return false;
    }
    start = System.nanoTime();
    InetSocketAddress to = new InetSocketAddress(addresses[0], port);
    try (Socket socket = new Socket()) {
      socket.connect(to, CONNECT_MILLIS);
      long connected = System.nanoTime();
      socket.setSoTimeout(RESET_MILLIS);
      try {
        socket.getInputStream().read();
      } catch (SocketTimeoutException e) {
        // It waits for us to speak: that is well.
      }
      ok(steps, "connection here", to + " is connected", start, connected);
      return false;
    } catch (IOException e) {
      return broken(
          steps,
          "connection here",
          to + ": " + e.getMessage(),
          "A program of this machine gets this; see the steps before, and 'teleproxy doctor'.");
    }
  }

  /** What was noted on the way, such as that there is no such service. */
  private static String remedy(JsonArray steps) {
    boolean known = false;
    for (JsonElement one : steps) {
      JsonObject step = one.getAsJsonObject();
      String noted = Json.text(step, "remedy");
      if (!noted.isEmpty()) {
        return noted;
      }
      known |= Json.text(step, "step").equals("name") && Json.text(step, "state").equals("ok");
    }
    return known
        ? "Something answers before teleproxy: 'teleproxy doctor' looks for that."
        : "Your nameserver does not know it, or does not answer: then 'teleproxy status' says so now.";
  }

  private static String[] texts(InetAddress[] addresses) {
    return Arrays.stream(addresses).map(InetAddress::getHostAddress).toArray(String[]::new);
  }

  private static void ok(JsonArray steps, String step, String found, long start) {
    ok(steps, step, found, start, System.nanoTime());
  }

  private static void ok(JsonArray steps, String step, String found, long start, long end) {
    JsonObject json = step(step, "ok", found, "");
    json.addProperty("millis", Math.round((end - start) / 10_000.0) / 100.0);
    steps.add(json);
  }

  private static boolean broken(JsonArray steps, String step, String found, String remedy) {
    steps.add(step(step, "broken", found, remedy));
    return true;
  }

  private static JsonObject step(String step, String state, String found, String remedy) {
    JsonObject json = new JsonObject();
    json.addProperty("step", step);
    json.addProperty("state", state);
    json.addProperty("found", found);
    json.addProperty("remedy", remedy);
    return json;
  }
}
