package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The commands that stand inside a sentence of a document are commands: the packaged manual, which
 * is made from the command line itself, has a page for each, and names its options. Those that
 * stand in blocks are run, see {@link DocumentedCommandsTest}.
 */
class DocumentedWordsIT {
  private static final Path MANUAL = Product.HOME.resolve("share/man/man1");

  /** What a benchmark prints, and docs/performance.md explains. */
  private static final Set<String> OTHERS = Set.of("exit");

  private static final Pattern COMMAND = Pattern.compile("`(?:sudo )?teleproxy ([a-z][^`\n]*)`");

  @Test
  void theManualHasAPageForEachCommandAndItsOptions() throws IOException {
    List<String> unknown = new ArrayList<>();
    int found = 0;
    for (String document : Examples.documents()) {
      Matcher command = COMMAND.matcher(Files.readString(Path.of("..").resolve(document)));
      while (command.find()) {
        found++;
        if (!documented(command.group(1).split(" "))) {
          unknown.add(document + ": " + command.group());
        }
      }
    }
    assertThat(found).as("commands in sentences").isGreaterThan(20);
    assertThat(unknown).isEmpty();
  }

  private static boolean documented(String... words) throws IOException {
    if (OTHERS.contains(words[0])) {
      return true;
    }
    Path page = MANUAL.resolve("teleproxy-" + words[0] + ".1");
    int rest = 1;
    if (words.length > 1) {
      Path nested = MANUAL.resolve("teleproxy-" + words[0] + "-" + words[1] + ".1");
      if (Files.exists(nested)) {
        page = nested;
        rest = 2;
      }
    }
    if (!Files.exists(page)) {
      return false;
    }
    String manual = Files.readString(page).replace("\\-", "-");
    boolean takesWords = manual.contains(".SH \"ARGUMENTS\"");
    for (String word : List.of(words).subList(rest, words.length)) {
      if (word.startsWith("-")) {
        if (!manual.contains(word)) {
          return false;
        }
        takesWords = true; // it may be what the option takes
      } else if (!takesWords) {
        return false;
      }
    }
    return true;
  }
}
