package io.teleproxy.plugin.pf;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of pf.conf(5)'s grammar that anchors of ours use, and what macOS's pfctl refuses beyond
 * it: sections out of order, a last line without its end, names where there should be numbers,
 * families that do not fit. Nobody has Apple's own parser elsewhere than on a Mac.
 */
final class PfGrammar {
  private static final String ADDRESS = "(?:[0-9.]+|[0-9a-f:]*:[0-9a-f:]+)(?:/\\d{1,3})?";
  private static final String PORT = "\\d{1,5}(?::\\d{1,5})?";
  private static final String PORTS =
      "(?: port (?:\\d{1,5}|\\{ " + PORT + "(?:, " + PORT + ")* \\}))?";
  private static final String HOSTS =
      "from (?:any|! " + ADDRESS + ") to (?:" + ADDRESS + "|<teleproxy>)" + PORTS;
  private static final String PACKETS = "(?:inet6? )?proto (?:tcp|udp|\\{ tcp, udp \\})";

  private static final Pattern TABLE =
      Pattern.compile("table <\\w+> \\{ " + ADDRESS + "(?:, " + ADDRESS + ")* \\}");

  private static final Pattern TRANSLATION =
      Pattern.compile(
          "rdr pass on lo0 " + PACKETS + " " + HOSTS + " -> (127\\.0\\.0\\.1|::1) port \\d{1,5}");

  private static final Pattern FILTER =
      Pattern.compile(
          "(?:pass out quick(?: route-to lo0)?|block return out quick) "
              + PACKETS
              + " "
              + HOSTS
              + "(?: group \\d+)?(?: keep state)?");

  private PfGrammar() {}

  /** What is wrong with the first line that is; empty if none is. */
  static String complaint(String text) {
    if (!text.endsWith("\n")) {
      return "the last line has no end";
    }
    int section = 0;
    for (String line : text.substring(0, text.length() - 1).split("\n", -1)) {
      int of = section(line);
      if (of < 0) {
        return "syntax error: " + line;
      }
      if (of < section) {
        return "rules must be in order: " + line;
      }
      section = of;
      Matcher family = Pattern.compile(" (inet6?) ").matcher(line);
      if (family.find() && line.contains("::") != family.group(1).equals("inet6") && of == 1) {
        return "family does not fit: " + line;
      }
    }
    return "";
  }

  private static int section(String line) {
    if (TABLE.matcher(line).matches()) {
      return 0;
    }
    if (TRANSLATION.matcher(line).matches()) {
      return 1;
    }
    return FILTER.matcher(line).matches() ? 2 : -1;
  }
}
