package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.doctor.Secrets;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** What goes into the archive of a bug report. Everything passes {@link Secrets} on its way in. */
final class ReportBundle {
  private final HostEnvironment environment;
  private final Map<String, String> parts = new LinkedHashMap<>();

  ReportBundle(HostEnvironment environment) {
    this.environment = environment;
    // Names only: what a variable holds is nobody's business.
    add("variables.txt", String.join("\n", new TreeMap<>(environment.variables()).keySet()));
    add("java.txt", System.getProperty("java.vm.version", "") + " " + environment.os() + "\n");
  }

  void add(String name, String text) {
    parts.put(name, text);
  }

  /** The log, as {@code /api/log} tells it: the last lines of each part. */
  void addLog(JsonObject log) {
    for (Map.Entry<String, JsonElement> part : log.entrySet()) {
      StringBuilder text = new StringBuilder();
      if (part.getValue() instanceof JsonArray lines) {
        lines.forEach(line -> text.append(line.getAsString()).append('\n'));
      }
      add("log-" + part.getKey() + ".txt", text.toString());
    }
  }

  /** Those that can be read. */
  void addFiles(List<Path> files) throws IOException {
    for (Path one : files) {
      if (Files.isReadable(one)) {
        add(
            "files" + one.toString().replace(environment.home().toString(), "/home"),
            Files.readString(one));
      }
    }
  }

  /**
   * Writes it.
   *
   * @throws UserException if the file cannot be written
   */
  void write(Path file) {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.UTF_8)) {
      for (Map.Entry<String, String> part : parts.entrySet()) {
        zip.putNextEntry(new ZipEntry("teleproxy-doctor/" + part.getKey()));
        zip.write(Secrets.removed(part.getValue()).getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UserException(
          file + " cannot be written: " + e, "Name another file with --bundle.", e);
    }
  }
}
