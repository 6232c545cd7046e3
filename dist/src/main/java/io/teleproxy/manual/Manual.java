package io.teleproxy.manual;

import io.teleproxy.cli.Commands;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import picocli.AutoComplete;
import picocli.CommandLine;

/** All manual pages and the completion of bash, made of the commands as picocli reads them. */
public final class Manual {
  private static final String COMPLETION = "bash-completion/completions/teleproxy";

  private Manual() {}

  /**
   * Writes them.
   *
   * @param arguments the product's folder {@code share}; the date of the release, of which the
   *     first ten characters count; its version; and where the pages are to lie once more,
   *     compressed as packages of distributions have them
   */
  public static void main(String[] arguments) throws IOException {
    Path share = Path.of(arguments[0]);
    String date = arguments[1].substring(0, 10);
    for (Map.Entry<String, String> file : files(date, "teleproxy " + arguments[2]).entrySet()) {
      Path path = share.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
      if (arguments.length > 3 && file.getKey().startsWith("man/")) {
        compress(file.getValue(), Path.of(arguments[3]).resolve(file.getKey() + ".gz"));
      }
    }
  }

  /** As gzip -n does: neither name nor time. */
  private static void compress(String text, Path path) throws IOException {
    Files.createDirectories(path.getParent());
    try (OutputStream file = Files.newOutputStream(path);
        OutputStream compressed = new GZIPOutputStream(file)) {
      compressed.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Contents by path below {@code share}. */
  static Map<String, String> files(String date, String version) throws IOException {
    Map<String, String> files = new TreeMap<>();
    CommandLine root = Commands.toRead();
    addPages(root, date, version, files);
    try (InputStream reference = Manual.class.getResourceAsStream("/reference.conf")) {
      if (reference == null) {
        throw new IOException("reference.conf is not on the class path");
      }
      String text = new String(reference.readAllBytes(), StandardCharsets.UTF_8);
      files.put(
          "man/man5/" + Surroundings.CONFIGURATION_PAGE + ".5",
          ConfigurationPage.text(text, date, version));
    }
    files.put(COMPLETION, AutoComplete.bash(root.getCommandName(), root));
    return files;
  }

  private static void addPages(
      CommandLine command, String date, String version, Map<String, String> files) {
    CommandPage page = new CommandPage(command);
    files.put("man/man1/" + page.name() + ".1", page.text(date, version));
    command.getSubcommands().values().forEach(sub -> addPages(sub, date, version, files));
  }
}
