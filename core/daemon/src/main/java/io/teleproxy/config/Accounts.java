package io.teleproxy.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The account database: passwd(5), and what getent(1) knows beyond it. */
final class Accounts {
  /** Accounts from a network directory may take a while; a start may not hang on it. */
  private static final long GETENT_SECONDS = 3;

  private final Path passwd;

  Accounts(Path passwd) {
    this.passwd = passwd;
  }

  /** Who was named, or called sudo, pkexec or doas, if root was reached that way. */
  Optional<InvokingUser> invoker(Map<String, String> variables) {
    for (String variable : List.of(Part.USER, "SUDO_UID", "PKEXEC_UID", "DOAS_USER")) {
      String user = variables.getOrDefault(variable, "");
      if (!user.isEmpty() && !user.equals("0") && !user.equals("root")) {
        return find(user);
      }
    }
    return Optional.empty();
  }

  /** The account with this number or name. */
  Optional<InvokingUser> find(String user) {
    boolean byNumber = user.chars().allMatch(c -> c >= '0' && c <= '9');
    try {
      for (String line : Files.readAllLines(passwd, StandardCharsets.ISO_8859_1)) {
        String[] fields = line.split(":", -1);
        if (fields.length == 7 && fields[byNumber ? 2 : 0].equals(user)) {
          return account(line);
        }
      }
    } catch (IOException e) {
      // no such file: getent may still know
    }
    return getent(user);
  }

  private static Optional<InvokingUser> getent(String user) {
    try {
      Process process =
          new ProcessBuilder("getent", "passwd", "--", user)
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .start();
      if (!process.waitFor(GETENT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return Optional.empty();
      }
      String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.exitValue() == 0 ? account(answer.strip()) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private static Optional<InvokingUser> account(String line) {
    String[] fields = line.split(":", -1);
    try {
      return fields.length == 7
          ? Optional.of(
              new InvokingUser(
                  Long.parseLong(fields[2]),
                  Long.parseLong(fields[3]),
                  fields[0],
                  Path.of(fields[5])))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
