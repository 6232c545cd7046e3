package io.teleproxy.dist;

import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Headless Chromium on a machine of the tests, driven by the DevTools protocol over two pipes
 * ({@code --remote-debugging-pipe}: JSON messages that end with a zero byte), so that neither a
 * port nor a driver is needed. One page; for one thread.
 */
final class Chromium implements AutoCloseable {
  static final String PROGRAM = "chromium";

  private static final Path PICTURES = Path.of("target", "screenshots");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Then it is killed, and whoever waits for an answer learns it. */
  private static final long LIFE_SECONDS = 180;

  private final Process process;
  private final OutputStream commands;
  private final InputStream messages;
  private final Path home;
  private final String session;
  private final List<JsonObject> events = new ArrayList<>();
  private int last;

  /**
   * Starts it.
   *
   * @param names hosts that it is to find at an address without asking anybody
   */
  Chromium(Namespace namespace, Map<String, String> names) {
    try {
      home = Files.createTempDirectory("teleproxy-it-chromium-");
      List<String> rules = new ArrayList<>();
      names.forEach((name, address) -> rules.add("MAP " + name + " " + address));
      List<String> words =
          List.of(
              PROGRAM,
              "--headless",
              "--no-sandbox",
              "--disable-gpu",
              "--disable-quic",
              "--disable-dev-shm-usage",
              "--no-first-run",
              "--disable-background-networking",
              "--disable-component-update",
              "--disable-sync",
              "--window-size=1280,1000",
              "--host-resolver-rules=" + String.join(",", rules),
              "--user-data-dir=" + home,
              "--remote-debugging-pipe",
              "about:blank");
      // It reads descriptor 3 and writes descriptor 4.
      Command command =
          namespace.command("sh", "-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh");
      ProcessBuilder builder =
          new ProcessBuilder(command.and(words.toArray(String[]::new)).words())
              .redirectError(ProcessBuilder.Redirect.DISCARD);
      builder.environment().put("HOME", home.toString());
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    commands = process.getOutputStream();
    messages = process.getInputStream();
    CompletableFuture.delayedExecutor(LIFE_SECONDS, TimeUnit.SECONDS)
        .execute(process::destroyForcibly);
    session = attach();
    for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
      command(domain + ".enable");
    }
  }

  private String attach() {
    for (JsonElement target : call("", "Target.getTargets", "{}").getAsJsonArray("targetInfos")) {
      if (target.getAsJsonObject().get("type").getAsString().equals("page")) {
        JsonObject parameters = new JsonObject();
        parameters.add("targetId", target.getAsJsonObject().get("targetId"));
        parameters.addProperty("flatten", true);
        return call("", "Target.attachToTarget", parameters.toString())
            .get("sessionId")
            .getAsString();
      }
    }
    throw new AssertionError("Chromium has no page");
  }

  /** Goes there and waits until the page is loaded. */
  void open(String url) {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("url", url);
    command("Page.navigate", parameters);
    await(url)
        .atMost(PATIENCE)
        .until(
            () ->
                evaluate("String(document.readyState == 'complete' && location.href)").equals(url));
  }

  /** What a JavaScript expression, or the promise that it is, comes to, as a text. */
  String evaluate(String expression) {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("expression", expression);
    parameters.addProperty("awaitPromise", true);
    parameters.addProperty("returnByValue", true);
    JsonObject answer = command("Runtime.evaluate", parameters);
    if (answer.has("exceptionDetails")) {
      throw new AssertionError(expression + ": " + answer);
    }
    JsonElement value = answer.getAsJsonObject("result").get("value");
    return value == null ? "" : value.isJsonPrimitive() ? value.getAsString() : value.toString();
  }

  /** Waits until an expression comes to something that the text contains. */
  void awaitText(String expression, String part) {
    await(expression)
        .atMost(PATIENCE)
        .untilAsserted(
            () -> org.assertj.core.api.Assertions.assertThat(evaluate(expression)).contains(part));
  }

  /** A key of the keyboard, as {@code KeyboardEvent.key} names it: {@code Tab}, {@code Enter}. */
  void press(String key) {
    int code =
        switch (key) {
          case "Tab" -> 9;
          case "Enter" -> 13;
          case "Escape" -> 27;
          default -> throw new IllegalArgumentException(key);
        };
    for (String type : List.of("keyDown", "keyUp")) {
      JsonObject parameters = new JsonObject();
      parameters.addProperty("type", type);
      parameters.addProperty("key", key);
      parameters.addProperty("code", key);
      parameters.addProperty("windowsVirtualKeyCode", code);
      if (key.equals("Enter") && type.equals("keyDown")) {
        parameters.addProperty("text", "\r");
      }
      command("Input.dispatchKeyEvent", parameters);
    }
  }

  /** Types into what has the focus. */
  void type(String text) {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("text", text);
    command("Input.insertText", parameters);
  }

  /** {@code light} or {@code dark}, as the system's setting. */
  void prefers(String scheme) {
    command(
        "Emulation.setEmulatedMedia",
        JsonParser.parseString(
                "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \""
                    + scheme
                    + "\"}]}")
            .getAsJsonObject());
  }

  /** The whole page, to be looked at: target/screenshots/NAME.png. */
  void picture(String name) {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("captureBeyondViewport", true);
    String data = command("Page.captureScreenshot", parameters).get("data").getAsString();
    try {
      Files.createDirectories(PICTURES);
      Files.write(PICTURES.resolve(name + ".png"), Base64.getDecoder().decode(data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What was so far is not told of any more. */
  void forget() {
    events.clear();
  }

  /** Status of every answer so far whose URL contains this, by URL; the last of each. */
  Map<String, Integer> answers(String part) {
    Map<String, Integer> statuses = new TreeMap<>();
    for (JsonObject event : events) {
      if (event.get("method").getAsString().equals("Network.responseReceived")) {
        JsonObject response = event.getAsJsonObject("params").getAsJsonObject("response");
        if (response.get("url").getAsString().contains(part)) {
          statuses.put(response.get("url").getAsString(), response.get("status").getAsInt());
        }
      }
    }
    return statuses;
  }

  /** What the page's console has complained of. */
  List<String> complaints() {
    List<String> complaints = new ArrayList<>();
    for (JsonObject event : events) {
      String method = event.get("method").getAsString();
      if (method.equals("Log.entryAdded") || method.equals("Runtime.exceptionThrown")) {
        complaints.add(event.get("params").toString());
      }
    }
    return complaints;
  }

  JsonObject command(String method) {
    return command(method, new JsonObject());
  }

  JsonObject command(String method, JsonObject parameters) {
    return call(session, method, parameters.toString());
  }

  private JsonObject call(String to, String method, String parameters) {
    int id = ++last;
    JsonObject message = new JsonObject();
    message.addProperty("id", id);
    message.addProperty("method", method);
    message.add("params", JsonParser.parseString(parameters));
    if (!to.isEmpty()) {
      message.addProperty("sessionId", to);
    }
    try {
      commands.write((message + "\0").getBytes(StandardCharsets.UTF_8));
      commands.flush();
      while (true) {
        JsonObject next = JsonParser.parseString(next()).getAsJsonObject();
        if (!next.has("id")) {
          events.add(next);
        } else if (next.get("id").getAsInt() == id) {
          if (next.has("error")) {
            throw new AssertionError(method + " " + parameters + ": " + next.get("error"));
          }
          return next.getAsJsonObject("result");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String next() throws IOException {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    while (true) {
      int one = messages.read();
      if (one < 0) {
        throw new AssertionError("Chromium has ended");
      }
      if (one == 0) {
        return message.toString(StandardCharsets.UTF_8);
      }
      message.write(one);
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().onExit().join();
    Command.of("rm", "-rf", home.toString()).run();
  }
}
