package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.UserException;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A client-go credential plugin (client.authentication.k8s.io, v1 and v1beta1): a command of the
 * user's that prints a token or a client certificate. Runs with the user's environment and without
 * a terminal.
 */
final class ExecPlugin {
  /**
   * What the plugin printed.
   *
   * @param expires when to run it again; empty if it did not say
   */
  record Credential(
      Optional<String> token,
      Optional<String> certificate,
      Optional<String> key,
      Optional<Instant> expires) {}

  private final Section exec;
  private final Section cluster;
  private final Environment environment;
  private final Duration timeout;
  private final String command;

  /**
   * @throws UserException if the command cannot be found or needs a terminal
   */
  ExecPlugin(Section exec, Section cluster, Environment environment) {
    this.exec = exec;
    this.cluster = cluster;
    this.environment = environment;
    this.timeout = environment.settings().duration("exec-timeout", Duration.ofSeconds(60));
    this.command = exec.text("command").orElseThrow(() -> exec.wrong("command", "a command"));
    if (exec.text("interactiveMode").orElse("").equals("Always")) {
      throw new UserException(
          "kubeconfig "
              + exec.file()
              + ": the credential plugin "
              + command
              + " needs a terminal (interactiveMode: Always)",
          "Use credentials that need none, for example a token.");
    }
    executable();
  }

  /** Runs the command; takes as long as it takes, bounded. */
  Credential run() {
    List<String> words = new ArrayList<>();
    words.add(executable().toString());
    words.addAll(exec.texts("args"));
    ProcessBuilder builder = new ProcessBuilder(words);
    Map<String, String> variables = builder.environment();
    variables.clear();
    variables.putAll(environment.variables());
    for (Section variable : exec.sections("env")) {
      variables.put(variable.text("name").orElse(""), variable.text("value").orElse(""));
    }
    variables.put("KUBERNETES_EXEC_INFO", request());
    builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    if (environment.os().equals("windows")) {
      builder.redirectInput(ProcessBuilder.Redirect.from(new File("NUL")));
    }
    return parse(output(builder));
  }

  private String output(ProcessBuilder builder) {
    try {
      Process process = builder.start();
      CompletableFuture<String> out = drain(process.getInputStream());
      CompletableFuture<String> err = drain(process.getErrorStream());
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        throw failed("did not end within " + timeout.toSeconds() + " s", "");
      }
      if (process.exitValue() != 0) {
        throw failed("failed (exit " + process.exitValue() + ")", err.join());
      }
      return out.join();
    } catch (IOException e) {
      throw failed("could not be started: " + e.getMessage(), "");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("was interrupted", "");
    }
  }

  private static CompletableFuture<String> drain(InputStream stream) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try (stream) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                stream.transferTo(bytes);
                text.complete(bytes.toString(StandardCharsets.UTF_8));
              } catch (IOException e) {
                text.complete("");
              }
            },
            "kubernetes-credential-plugin-output");
    thread.setDaemon(true);
    thread.start();
    return text;
  }

  private Credential parse(String output) {
    try {
      // JSON is YAML; the parser is loaded already.
      Object document = new Load(LoadSettings.builder().build()).loadFromString(output);
      if (document instanceof Map<?, ?> map) {
        Section status =
            new Section(map, exec.file(), "output of " + command)
                .section("status")
                .orElseThrow(() -> failed("printed no status", ""));
        Credential credential =
            new Credential(
                status.text("token"),
                status.text("clientCertificateData"),
                status.text("clientKeyData"),
                status.text("expirationTimestamp").map(Instant::parse));
        if (credential.token().isPresent() || credential.certificate().isPresent()) {
          return credential;
        }
      }
    } catch (YamlEngineException | DateTimeParseException e) {
      // Its text may hold the token: say no more than that it is wrong.
    }
    throw failed("printed no ExecCredential with a token or certificate", "");
  }

  private UserException failed(String what, String stderr) {
    String[] lines = stderr.strip().split("\n");
    String last = lines[lines.length - 1].strip();
    return new UserException(
        "credential plugin " + command + " " + what + (last.isEmpty() ? "" : ": " + last),
        "Run `kubectl get namespaces` with this context as the same user and follow what it says.");
  }

  private Path executable() {
    Optional<Path> found;
    Optional<Path> forbidden;
    if (command.contains("/") || command.contains(File.separator)) {
      Path path = exec.relative(command);
      found = Files.isExecutable(path) ? Optional.of(path) : Optional.empty();
      forbidden = Files.exists(path) && found.isEmpty() ? Optional.of(path) : Optional.empty();
    } else {
      found = environment.executable(command);
      forbidden = environment.forbidden(command);
    }
    if (forbidden.isPresent()) {
      throw new UserException(
          "kubeconfig "
              + exec.file()
              + ": the credential plugin "
              + forbidden.get()
              + " may not be executed",
          "Allow it with `chmod +x`; a file system that is mounted with noexec and a security"
              + " module (`journalctl -k --grep denied`) forbid it, too.");
    }
    return found.orElseThrow(
        () ->
            new UserException(
                "kubeconfig "
                    + exec.file()
                    + ": the credential plugin "
                    + command
                    + " is not there",
                exec.text("installHint")
                    .orElse(
                        "Install it, or put its folder on the PATH; it was looked for in "
                            + environment.variables().getOrDefault("PATH", "an empty PATH")
                            + ".")));
  }

  private String request() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      json.writeStringProperty(
          "apiVersion", exec.text("apiVersion").orElse("client.authentication.k8s.io/v1"));
      json.writeStringProperty("kind", "ExecCredential");
      json.writeObjectPropertyStart("spec");
      json.writeBooleanProperty("interactive", false);
      if (exec.flag("provideClusterInfo")) {
        json.writeObjectPropertyStart("cluster");
        for (String key :
            List.of("server", "tls-server-name", "certificate-authority-data", "proxy-url")) {
          cluster.text(key).ifPresent(value -> json.writeStringProperty(key, value));
        }
        if (cluster.flag("insecure-skip-tls-verify")) {
          json.writeBooleanProperty("insecure-skip-tls-verify", true);
        }
        json.writeEndObject();
      }
      json.writeEndObject();
      json.writeEndObject();
    }
    return text.toString();
  }
}
