package io.teleproxy.doctor;

import java.util.List;
import java.util.regex.Pattern;

/** Takes out of a text what must not leave the machine: tokens, keys, passwords, long codes. */
public final class Secrets {
  private static final String GONE = "[removed]";

  private record Rule(Pattern pattern, String replacement) {
    static Rule of(String pattern, String replacement) {
      return new Rule(
          Pattern.compile(pattern, Pattern.CASE_INSENSITIVE | Pattern.DOTALL), replacement);
    }
  }

  private static final List<Rule> RULES =
      List.of(
          Rule.of("-----BEGIN [^-]+-----.*?(-----END [^-]+-----|\\z)", GONE),
          // scheme://user:password@host
          Rule.of("(://)[^/\\s@\"']+@", "$1" + GONE + "@"),
          Rule.of("\\b(bearer|basic)\\s+[^\\s\"',]+", "$1 " + GONE),
          // name: value, name=value, "name": "value", of whatever sounds secret
          Rule.of(
              "([\\w.-]*(?:token|passw(?:or)?d|secret|api-?_?key|client-key|private-?_?key|credential"
                  + "|authorization|cookie|certificate-authority-data|client-certificate-data)[\\w.-]*"
                  + "[\"']?\\s*[:=]\\s*)(\"[^\"]*\"|'[^']*'|[^\\s,;}]+)",
              "$1" + GONE),
          // JSON Web Tokens, and anything else long that is no word
          Rule.of("\\beyJ[\\w-]+\\.[\\w-]+\\.?[\\w-]*", GONE),
          Rule.of(
              "(?<![\\w/+=.-])(?=[\\w+=-]*[0-9])(?=[\\w+=-]*[A-Za-z])[A-Za-z0-9+_=-]{32,}", GONE));

  private Secrets() {}

  public static String removed(String text) {
    String clean = text;
    for (Rule rule : RULES) {
      clean = rule.pattern().matcher(clean).replaceAll(rule.replacement());
    }
    return clean;
  }
}
