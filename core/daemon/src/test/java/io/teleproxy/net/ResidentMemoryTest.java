package io.teleproxy.net;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ResidentMemoryTest {
  private static final String FILE =
      "7f5fdca51000-7f5fdd7a4000 r-xp 00251000 fe:00 1 /lib/libjvm.so";

  @Test
  void takesWhatIsOnlyReadFromAFile() {
    assertThat(ResidentMemory.readOnly(mapping(FILE, 0))).containsExactly(FILE);
  }

  @Test
  void leavesWhatIsNotTheFilesAlone() {
    // Relocated by the loader and then protected: to let go of it would undo that.
    assertThat(ResidentMemory.readOnly(mapping(FILE, 736))).isEmpty();
  }

  @Test
  void leavesWhatWasItsOwnAndIsOnADiskNow() {
    List<String> swapped = mapping(FILE, 0);
    swapped.set(swapped.size() - 2, "Swap:                  4 kB");
    assertThat(ResidentMemory.readOnly(swapped)).isEmpty();
  }

  @Test
  void takesTheClassDataButNoOtherDataThatIsOnlyRead() {
    String archive = "800e77000-8024f4000 r--p 00e76000 fe:00 2 /lib/teleproxy.jsa";
    String relocated = "7f5fde7a4000-7f5fde860000 r--p 01000000 fe:00 1 /lib/libjvm.so";
    assertThat(ResidentMemory.readOnly(mapping(archive, 0))).containsExactly(archive);
    assertThat(ResidentMemory.readOnly(mapping(relocated, 0))).isEmpty();
  }

  @Test
  void leavesWhatIsWrittenTo() {
    Stream.of(
            "800000000-8010ad000 rw-p 00001000 fe:00 2 /lib/teleproxy.jsa",
            "7f5fcd400000-7f5fcd6b0000 rwxp 00000000 00:00 0 ",
            "7f5fcd400000-7f5fcd6b0000 r--p 00000000 00:00 0 ",
            "7ffd0a5f9000-7ffd0a5fb000 r-xp 00000000 00:00 0 [vdso]")
        .forEach(head -> assertThat(ResidentMemory.readOnly(mapping(head, 0))).isEmpty());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whatIsGivenBackIsLessThanBefore() throws IOException {
    Path code = Path.of(System.getProperty("java.home"), "lib", "server", "libjvm.so").toRealPath();
    ResidentMemory memory = new ResidentMemory();
    long before = resident(code);
    memory.giveBack();
    // It comes back as it is needed, and this very test needs it.
    assertThat(resident(code)).isLessThan(before);
  }

  private static List<String> mapping(String head, int anonymous) {
    return new ArrayList<>(
        List.of(
            head,
            "Size:              13644 kB",
            "Rss:                9208 kB",
            String.format("Anonymous:      %8d kB", anonymous),
            "Swap:                  0 kB",
            "VmFlags: rd ex mr mw me"));
  }

  /** Of a file, in KiB. */
  private static long resident(Path file) throws IOException {
    long sum = 0;
    boolean inside = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"), US_ASCII)) {
      if (!Character.isUpperCase(line.charAt(0))) {
        inside = line.endsWith(file.toString());
      } else if (inside && line.startsWith("Rss:")) {
        sum += Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    return sum;
  }
}
