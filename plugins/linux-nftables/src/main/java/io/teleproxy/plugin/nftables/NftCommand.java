package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.Environment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * How to start nft here.
 *
 * @param nft the command's path
 * @param setsid of util-linux, where there is one
 * @param enter puts a command into the namespace where it shall run
 */
record NftCommand(Path nft, Optional<Path> setsid, UnaryOperator<List<String>> enter) {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  static Optional<NftCommand> find(Environment environment, UnaryOperator<List<String>> enter) {
    return environment
        .executable("nft")
        .map(nft -> new NftCommand(nft, environment.executable("setsid"), enter));
  }

  /** An interactive nft that owns what it makes. */
  NftShell start() throws IOException {
    List<String> command = new ArrayList<>();
    // Control-C in a terminal would end the child before us, and with it the rules.
    setsid.ifPresent(path -> command.add(path.toString()));
    // Terse: tables are printed without elements.
    command.addAll(List.of(nft.toString(), "-t", "-i"));
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
