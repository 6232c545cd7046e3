package io.teleproxy.plugin.ssh.client;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What ssh_config(5) files say about one host: {@code Host} blocks, {@code Match} by {@code all},
 * {@code host}, {@code originalhost} and {@code user}, and {@code Include}. The first value of a
 * keyword counts; those of {@code IdentityFile} are gathered. A {@code Match} by anything else does
 * not match.
 */
final class SshConfig {
  private static final int DEEPEST_INCLUDE = 16;
  private static final Set<String> GATHERED = Set.of("identityfile");

  private final String alias;
  private final String user;
  private final Path home;
  private final Map<String, List<String>> values = new LinkedHashMap<>();

  private SshConfig(String alias, String user, Path home) {
    this.alias = alias;
    this.user = user;
    this.home = home;
  }

  /**
   * Reads the files in their order; those that are not there are skipped.
   *
   * @param alias the host as the user names it
   * @param user who the user says to be there; empty if he says nothing
   * @throws IOException if one cannot be read
   */
  static SshConfig of(String alias, String user, List<Path> files, Path home) throws IOException {
    SshConfig config = new SshConfig(alias, user, home);
    for (Path file : files) {
      if (Files.isRegularFile(file)) {
        config.read(file, true, 0);
      }
    }
    return config;
  }

  /** The first value of a keyword, without its further arguments. */
  Optional<String> first(String keyword) {
    return all(keyword).stream().findFirst();
  }

  /** All values of a keyword. */
  List<String> all(String keyword) {
    return values.getOrDefault(keyword.toLowerCase(Locale.ROOT), List.of());
  }

  private void read(Path file, boolean outer, int depth) throws IOException {
    boolean active = outer;
    for (String line : Files.readAllLines(file)) {
      List<String> words = words(line);
      if (words.isEmpty()) {
        continue;
      }
      String keyword = words.get(0).toLowerCase(Locale.ROOT);
      List<String> arguments = words.subList(1, words.size());
      switch (keyword) {
        case "host" -> active = outer && matches(arguments, alias);
        case "match" -> active = outer && matchesAll(arguments);
        case "include" -> {
          if (active && depth < DEEPEST_INCLUDE) {
            for (String pattern : arguments) {
              for (Path included : glob(file, pattern)) {
                read(included, true, depth + 1);
              }
            }
          }
        }
        default -> {
          if (active && !arguments.isEmpty()) {
            add(keyword, arguments);
          }
        }
      }
    }
  }

  private void add(String keyword, List<String> arguments) {
    if (GATHERED.contains(keyword)) {
      values.computeIfAbsent(keyword, key -> new ArrayList<>()).addAll(arguments);
    } else {
      values.putIfAbsent(keyword, List.copyOf(arguments));
    }
  }

  private boolean matchesAll(List<String> criteria) {
    for (int i = 0; i < criteria.size(); i++) {
      String criterion = criteria.get(i).toLowerCase(Locale.ROOT);
      if (criterion.equals("all")) {
        continue;
      }
      boolean negated = criterion.startsWith("!");
      List<String> patterns =
          ++i < criteria.size() ? List.of(criteria.get(i).split(",")) : List.of();
      boolean matches;
      switch (negated ? criterion.substring(1) : criterion) {
        case "host" -> matches = matches(patterns, first("hostname").orElse(alias));
        case "originalhost" -> matches = matches(patterns, alias);
        case "user" ->
            matches = matches(patterns, user.isEmpty() ? first("user").orElse("") : user);
        default -> {
          return false;
        }
      }
      if (matches == negated) {
        return false;
      }
    }
    return true;
  }

  /** Patterns with {@code *} and {@code ?}; one with {@code !} that matches decides against it. */
  static boolean matches(List<String> patterns, String name) {
    boolean matches = false;
    for (String pattern : patterns) {
      boolean negated = pattern.startsWith("!");
      if (matches(negated ? pattern.substring(1) : pattern, name)) {
        if (negated) {
          return false;
        }
        matches = true;
      }
    }
    return matches;
  }

  private static boolean matches(String pattern, String name) {
    StringBuilder regex = new StringBuilder();
    String lower = pattern.toLowerCase(Locale.ROOT);
    for (int i = 0; i < lower.length(); i++) {
      char c = lower.charAt(i);
      switch (c) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return name.toLowerCase(Locale.ROOT).matches(regex.toString());
  }

  /** Relative names are below ~/.ssh for a user's file, and beside the file for the system's. */
  private List<Path> glob(Path file, String pattern) throws IOException {
    String text = pattern.startsWith("~/") ? home + pattern.substring(1) : pattern;
    Path path = Path.of(text);
    if (!path.isAbsolute()) {
      Path base = file.startsWith(home) ? home.resolve(".ssh") : file.toAbsolutePath().getParent();
      path = base == null ? path : base.resolve(path);
    }
    Path folder = path.getParent();
    Path name = path.getFileName();
    List<Path> found = new ArrayList<>();
    if (folder != null && name != null && Files.isDirectory(folder)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, name.toString())) {
        for (Path one : files) {
          if (Files.isRegularFile(one)) {
            found.add(one);
          }
        }
      }
    }
    found.sort(null);
    return found;
  }

  /** The words of a line: a keyword, blanks or one {@code =}, and arguments that may be quoted. */
  static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean quoted = false;
    boolean started = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      boolean separates = c == ' ' || c == '\t' || (c == '=' && words.size() < 2 && !started);
      boolean endsKeyword = c == '=' && words.isEmpty() && started;
      if (c == '"') {
        quoted = !quoted;
        started = true;
      } else if (!quoted && c == '#' && !started) {
        break;
      } else if (!quoted && (separates || endsKeyword)) {
        if (started) {
          words.add(word.toString());
          word.setLength(0);
          started = false;
        }
      } else {
        word.append(c);
        started = true;
      }
    }
    if (started) {
      words.add(word.toString());
    }
    return words;
  }
}
