package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.Environment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * How to start nft here.
 *
 * @param nft the command's path
 * @param executables path of an executable by its name
 * @param enter puts a command into the namespace where it shall run
 */
record NftCommand(
    Path nft, Function<String, Optional<Path>> executables, UnaryOperator<List<String>> enter) {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /**
   * Runs nft, and when it has ended, and its table with it, lets conntrack forget the UDP flows
   * that were diverted to this machine: a program that keeps its socket would else send to a port
   * of a dead process for as long as it sends.
   */
  private static final String THEN_FORGET =
      """
      trap '' HUP INT QUIT TERM
      "$1" -t -i
      "$2" -D -p udp -f ipv4 --dst-nat 127.0.0.1 >/dev/null 2>&1
      "$2" -D -p udp -f ipv6 --dst-nat ::1 >/dev/null 2>&1
      """;

  static Optional<NftCommand> find(Environment environment, UnaryOperator<List<String>> enter) {
    return environment
        .executable("nft")
        .map(nft -> new NftCommand(nft, environment::executable, enter));
  }

  /** An interactive nft that prints elements, too, and owns nothing. */
  NftShell startForReading() throws IOException {
    return start(List.of(nft.toString(), "-i"));
  }

  /** An interactive nft that owns what it makes; terse: tables are printed without elements. */
  NftShell start() throws IOException {
    return start(List.of(nft.toString(), "-t", "-i"));
  }

  /** The same for rules that traffic meets: conntrack forgets what they did when it ends. */
  NftShell startForTraffic() throws IOException {
    Optional<Path> shell = executables.apply("sh");
    Optional<Path> conntrack = executables.apply("conntrack");
    if (shell.isEmpty() || conntrack.isEmpty()) {
      return start();
    }
    return start(
        List.of(
            shell.get().toString(),
            "-c",
            THEN_FORGET,
            "teleproxy-nft",
            nft.toString(),
            conntrack.get().toString()));
  }

  private NftShell start(List<String> words) throws IOException {
    List<String> command = new ArrayList<>();
    // Control-C in a terminal would end the child before us, and with it the rules.
    executables.apply("setsid").ifPresent(path -> command.add(path.toString()));
    command.addAll(words);
    return NftShell.start(enter.apply(command), TIMEOUT);
  }

  /** {@code nftables v1.0.6}. */
  String version() throws IOException {
    ProcessBuilder builder = new ProcessBuilder(enter.apply(List.of(nft.toString(), "--version")));
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String[] words;
    try (var output = process.getInputStream()) {
      words = new String(output.readAllBytes(), StandardCharsets.UTF_8).split("\\s");
    }
    return words.length < 2 ? "nftables" : words[0] + " " + words[1];
  }
}
