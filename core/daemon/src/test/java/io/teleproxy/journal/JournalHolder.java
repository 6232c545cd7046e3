package io.teleproxy.journal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A process with a journal, to be killed: {@code hold FOLDER FILE} and {@code recover FOLDER}. */
final class JournalHolder {
  private JournalHolder() {}

  static ProcessBuilder java(String... arguments) {
    return new ProcessBuilder(command(arguments)).redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  private static List<String> command(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                JournalHolder.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Runs as a process of its own. */
  public static void main(String[] arguments) throws Exception {
    JournalFolder folder = new JournalFolder(Path.of(arguments[1]));
    if (arguments[0].equals("recover")) {
      folder.recover(System.err::println);
      return;
    }
    FileJournal journal =
        new FileJournal(
            folder,
            () -> JournalWatchdog.start(JournalHolder::find, command("recover", arguments[1])));
    journal.replace(Path.of(arguments[2]), new byte[] {'o', 'u', 'r', 's'});
    System.out.println("noted");
    Thread.sleep(Long.MAX_VALUE);
  }

  private static Optional<Path> find(String program) {
    return Optional.of(Path.of("/usr/bin", program)).filter(Files::isExecutable);
  }
}
