package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Every command that a document shows is run by a test, which documents.txt names, or is there with
 * the reason why not.
 */
class DocumentedCommandsTest {
  private static final Path LIST = Path.of("src/test/resources/documents.txt");

  /**
   * One line of the list: a command of a document, how it is tried, and by whom or why not.
   *
   * @param begins how the command begins; the document's other commands in that block follow it
   */
  private record Entry(String document, String begins, String how, String what) {
    static Entry of(String line) {
      String[] parts = line.split(" \\| ");
      assertThat(parts).as(line).hasSize(4);
      return new Entry(parts[0], parts[1], parts[2], parts[3]);
    }

    boolean covers(String of, String block) {
      return document.equals(of) && block.startsWith(begins);
    }
  }

  @Test
  void everyCommandIsRunByATestOrHasAReasonNotTo() throws IOException {
    List<Entry> entries =
        Files.readAllLines(LIST).stream()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .map(Entry::of)
            .toList();
    List<Entry> used = new ArrayList<>();
    Set<String> untried = new TreeSet<>();
    for (String document : Examples.documents()) {
      for (String block : Examples.blocks(document, "sh", "bat")) {
        List<Entry> covering = entries.stream().filter(one -> one.covers(document, block)).toList();
        if (covering.isEmpty()) {
          untried.add(document + " | " + block.lines().findFirst().orElse(""));
        }
        used.addAll(covering);
      }
    }
    assertThat(untried).as("commands that are not in " + LIST).isEmpty();
    assertThat(entries).as("what is no longer in a document").allMatch(used::contains);
    for (Entry entry : entries) {
      switch (entry.how()) {
        case "from" -> assertThat(source(entry.what())).contains('"' + entry.document() + '"');
        case "as" -> assertThat(source(entry.what())).isNotEmpty();
        default -> assertThat(entry.how()).as("%s", entry).isEqualTo("not");
      }
    }
  }

  /** Else a command could hide in a block that is taken for a picture. */
  @Test
  void blocksOfCommandsSaySo() throws IOException {
    for (String document : Examples.documents()) {
      for (String block : Examples.blocks(document, "")) {
        assertThat(block)
            .as(document)
            .doesNotContainPattern("(?m)^(sudo |curl |\\./mvnw|teleproxy |kubectl |dist/\\S+ )");
      }
    }
  }

  /** A run with another backend names classes. */
  @Test
  void theTestsThatContributingNamesAreThere() {
    String run = Examples.of("CONTRIBUTING.md").under("## Tests").in("sh").get(0);
    for (String name : run.replaceAll("(?s).*-Dit.test='([^']*)'.*", "$1").split(",")) {
      assertThat(Path.of("src/test/java/io/teleproxy/dist", name + ".java")).isRegularFile();
    }
  }

  /** Of a test class of this module. */
  private static String source(String test) throws IOException {
    return Files.readString(Path.of("src/test/java/io/teleproxy/dist", test + ".java"));
  }
}
