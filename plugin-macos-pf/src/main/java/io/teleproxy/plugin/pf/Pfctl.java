package io.teleproxy.plugin.pf;

import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * pfctl(8). Its exit status alone says whether something worked: {@code No ALTQ support in kernel}
 * and the like stand on standard error of every call. Of the words that we do read, the versions of
 * macOS 10.13 to 26 have the same.
 */
final class Pfctl {
  /**
   * Below the anchor that the system's own pf.conf evaluates with all its children, so that the
   * main rules need not be touched.
   */
  static final String ANCHOR = "com.apple/teleproxy";

  /** How the main rules call children of that anchor. */
  private static final String CHILDREN = "anchor \"com.apple/*\"";

  private static final Pattern TOKEN = Pattern.compile("Token : (\\d+)");

  private final CommandRunner runner;
  private final String program;

  /**
   * @param program path of pfctl
   */
  Pfctl(CommandRunner runner, String program) {
    this.runner = runner;
    this.program = program;
  }

  /** What a probe has to say about the main rules; empty if they are as we need them. */
  Optional<String> uncalled() throws IOException {
    if (!output("-s", "nat").contains("rdr-" + CHILDREN)) {
      return Optional.of("the main rules of pf do not have the line rdr-" + CHILDREN);
    }
    for (String line : output("-s", "rules").split("\n")) {
      if (line.strip().startsWith(CHILDREN)) {
        return Optional.empty();
      }
    }
    return Optional.of("the main rules of pf do not have the line " + CHILDREN);
  }

  boolean enabled() throws IOException {
    return output("-s", "info").startsWith("Status: Enabled");
  }

  /** Whether pf leaves the interface alone ({@code set skip}). */
  boolean skips(String device) throws IOException {
    return output("-s", "Interfaces", "-i", device, "-v").contains(device + " (skip)");
  }

  /** Whether our anchor has rules. */
  boolean loaded() throws IOException {
    return !output("-a", ANCHOR, "-s", "nat").isBlank()
        || !output("-a", ANCHOR, "-s", "rules").isBlank();
  }

  /** Replaces all of our anchor, in one transaction of the kernel. */
  void load(String rules) throws IOException {
    check(runner.run(command("-a", ANCHOR, "-f", "-"), rules), "-a", ANCHOR, "-f", "-");
  }

  /** Removes rules and tables of our anchor; the kernel then forgets the anchor itself. */
  void flush() throws IOException {
    output("-a", ANCHOR, "-F", "all");
  }

  /**
   * Turns pf on, or keeps it on: it stays so until every such token is given back.
   *
   * @return an unsigned number of 64 bits
   */
  String enable() throws IOException {
    Outcome outcome = check(runner.run(command("-E")), "-E");
    Matcher token = TOKEN.matcher(outcome.errors() + "\n" + outcome.output());
    if (!token.find()) {
      throw new IOException(program + " -E told no token: " + outcome.complaint());
    }
    return token.group(1);
  }

  /** Gives a token back; one that is not valid any more is given back already. */
  void release(String token) throws IOException {
    Outcome outcome = runner.run(command("-X", token));
    String said = outcome.errors() + outcome.output();
    if (!outcome.ok() && !said.contains("pf not enabled") && !said.contains("token invalid")) {
      check(outcome, "-X", token);
    }
  }

  /** Ends what pf knows of flows to a destination, so that they are decided about anew. */
  void forget(String destination, boolean ipv6) throws IOException {
    output("-k", ipv6 ? "::/0" : "0.0.0.0/0", "-k", destination);
  }

  private String output(String... arguments) throws IOException {
    return check(runner.run(command(arguments)), arguments).output();
  }

  private List<String> command(String... arguments) {
    List<String> words = new ArrayList<>(List.of(program));
    words.addAll(List.of(arguments));
    return words;
  }

  private static Outcome check(Outcome outcome, String... arguments) throws IOException {
    if (!outcome.ok()) {
      throw new IOException(
          "pfctl "
              + String.join(" ", arguments)
              + " failed (exit "
              + outcome.status()
              + ": "
              + complaint(outcome)
              + ")");
    }
    return outcome;
  }

  private static String complaint(Outcome outcome) {
    return outcome
        .errors()
        .lines()
        .filter(line -> !line.contains("ALTQ"))
        .findFirst()
        .orElse("")
        .strip();
  }
}
