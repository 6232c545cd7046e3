package io.teleproxy.manual;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.cli.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class ManualTest {
  private final Map<String, String> files = read();

  @Test
  void everyCommandHasAPageThatSaysAllOfIt() {
    List<CommandLine> commands = new ArrayList<>();
    collect(Commands.toRead(), commands);
    assertThat(commands).hasSizeGreaterThan(13);
    for (CommandLine command : commands) {
      String name = command.getCommandSpec().qualifiedName("-");
      String page = files.get("man/man1/" + name + ".1");
      assertThat(page)
          .as(name)
          .contains(".SH \"NAME\"", ".SH \"SYNOPSIS\"", ".SH \"DESCRIPTION\"", ".SH \"OPTIONS\"")
          .contains(".SH \"EXIT STATUS\"", ".SH \"ENVIRONMENT\"", ".SH \"FILES\"")
          .contains(".SH \"SEE ALSO\"", "TELEPROXY_JAVA_OPTS", "\"0\"", "\"2\"", "\"70\"");
      for (OptionSpec option : command.getCommandSpec().options()) {
        assertThat(page).as(name).contains(option.longestName().replace("-", "\\-"));
      }
    }
  }

  @Test
  void everyPageThatIsReferredToIsThere() {
    java.util.regex.Pattern reference =
        java.util.regex.Pattern.compile("(teleproxy[a-z.-]*)\\(([15])\\)");
    files.values().stream()
        .map(page -> page.replace("\\-", "-"))
        .flatMap(page -> reference.matcher(page).results())
        .forEach(
            found ->
                assertThat(files)
                    .containsKey(
                        "man/man" + found.group(2) + "/" + found.group(1) + "." + found.group(2)));
  }

  @Test
  void everySettingIsInThePageOfTheConfiguration() {
    assertThat(files.get("man/man5/teleproxy.conf.5"))
        .contains("disabled\\-plugins = []", "nameservers = []", "gid = 1952803941");
  }

  @Test
  void whatTroffWouldTakeForItsOwnIsEscaped() {
    String page =
        new Troff("x", 1, "2026-11-23", "x 1")
            .section("A \"B\"")
            .line(".conf --json c:\\d 'quoted'")
            .toString();
    assertThat(page)
        .contains(".SH \"A \\(dqB\\(dq\"\n\\&.conf \\-\\-json c:\\ed \\(aqquoted\\(aq\n");
    assertThat(files.values()).allMatch(text -> text.chars().allMatch(c -> c < 128));
  }

  @Test
  void bothTypesettersReadThePagesWithoutAWarning(@TempDir Path folder) throws Exception {
    int readers = 0;
    for (Map.Entry<String, String> file : files.entrySet()) {
      if (file.getKey().startsWith("man/")) {
        Path page = folder.resolve(Path.of(file.getKey()).getFileName());
        Files.writeString(page, file.getValue());
      }
    }
    try (Stream<Path> pages = Files.list(folder)) {
      List<String> names = pages.map(Path::toString).sorted().toList();
      readers += reads(List.of("mandoc", "-T", "lint", "-W", "warning"), names);
      for (String name : names) {
        readers += reads(List.of("groff", "-man", "-T", "ascii", "-ww", "-z"), List.of(name));
      }
    }
    Assumptions.assumeTrue(readers > 0, "needs mandoc or groff");
  }

  /** The completion of the shell itself, asked for what would follow. */
  @Test
  void theShellCompletesCommandsFlagsAndModes(@TempDir Path folder) throws Exception {
    Path completion = folder.resolve("completion");
    Files.writeString(completion, files.get("bash-completion/completions/teleproxy"));
    assertThat(complete(completion, "teleproxy", "pl")).contains("plugins");
    assertThat(complete(completion, "teleproxy", "plugins", "ver")).contains("verify");
    assertThat(complete(completion, "teleproxy", "run", "--kube")).contains("--kubeconfig");
    assertThat(complete(completion, "teleproxy", "run", "--mode", "in")).contains("intercept");
  }

  private static String complete(Path completion, String... words) throws Exception {
    String line = String.join(" ", words);
    String script =
        ". %s; COMP_LINE='%s'; COMP_POINT=%d; COMP_WORDS=(%s); COMP_CWORD=%d;"
            + " _complete_teleproxy; printf '%%s ' \"${COMPREPLY[@]}\"";
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                script.formatted(completion, line, line.length(), line, words.length - 1))
            .redirectErrorStream(true)
            .start();
    bash.getOutputStream().close();
    return new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** 1 if the program is there, and has nothing to say. */
  private static int reads(List<String> program, List<String> pages) throws Exception {
    List<String> words = new ArrayList<>(program);
    words.addAll(pages);
    Process process;
    try {
      process = new ProcessBuilder(words).redirectErrorStream(true).start();
    } catch (IOException e) {
      return 0;
    }
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(said).as("%s", words).isEmpty();
    assertThat(process.waitFor()).as("%s", words).isZero();
    return 1;
  }

  private static void collect(CommandLine command, List<CommandLine> all) {
    all.add(command);
    command.getSubcommands().values().forEach(sub -> collect(sub, all));
  }

  private static Map<String, String> read() {
    try {
      return Manual.files("2026-11-23", "teleproxy 1");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
