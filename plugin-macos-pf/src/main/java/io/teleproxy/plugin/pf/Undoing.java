package io.teleproxy.plugin.pf;

import java.util.List;

/**
 * Command lines that take back what we have done, for whoever finds them in the journal when we are
 * dead. Each says 0 if there is nothing to take back any more.
 */
final class Undoing {
  private static final String SHELL = "/bin/sh";

  private Undoing() {}

  static List<String> rules(Tools tools) {
    return List.of(tools.pfctl(), "-a", Pfctl.ANCHOR, "-F", "all");
  }

  /**
   * Gives the token back, unless the machine was started anew meanwhile: tokens are addresses in
   * the kernel, and somebody else may have the same by then. One that is not valid any more is
   * given back already.
   */
  static List<String> token(Tools tools, String token) {
    return List.of(
        SHELL,
        "-c",
        "[ \"$(\"$1\" -n kern.bootsessionuuid)\" != \"$2\" ] || \"$3\" -X \"$4\" 2>/dev/null; exit 0",
        "teleproxy",
        tools.sysctl(),
        tools.bootSession(),
        tools.pfctl(),
        token);
  }

  static List<String> names(Tools tools) {
    return List.of(
        SHELL,
        "-c",
        "printf 'remove %s\\nremove %s\\nquit\\n' \"$2\" \"$3\" | \"$1\" >/dev/null;"
            + " \"$4\" -flushcache; \"$5\" -HUP mDNSResponder; exit 0",
        "teleproxy",
        tools.scutil(),
        DynamicStore.MATCH,
        DynamicStore.SEARCH,
        tools.dscacheutil(),
        tools.killall());
  }
}
