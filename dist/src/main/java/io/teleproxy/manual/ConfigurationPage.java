package io.teleproxy.manual;

import java.util.List;

/** teleproxy.conf(5): the defaults as they are read, with their comments. */
final class ConfigurationPage {
  private ConfigurationPage() {}

  /**
   * The page.
   *
   * @param reference the file with all settings, their defaults and their meaning
   */
  static String text(String reference, String date, String version) {
    Troff page = new Troff(Surroundings.CONFIGURATION_PAGE, 5, date, version);
    page.section("NAME").line(Surroundings.CONFIGURATION_PAGE + " - settings of teleproxy");
    page.section("SYNOPSIS")
        .verbatim(List.of("/etc/teleproxy/teleproxy.conf", "~/.config/teleproxy/teleproxy.conf"));
    page.section("DESCRIPTION")
        .line(
            "Settings in HOCON, of which JSON and Java's properties are parts. The file of the"
                + " machine is read first, that of the user wins over it, and flags of"
                + " teleproxy-run(1) win over both. What is not set is as below.")
        .paragraph("A mistake in a file is told with its line, and all mistakes at once.");
    page.section("SETTINGS").line("All of them with their defaults:");
    page.verbatim(reference.lines().toList());
    Surroundings.files(page);
    page.section("EXAMPLES");
    page.verbatim(
        List.of(
            "plugins.kubernetes.context = staging",
            "dns.excluded = [ corp.example ]",
            "disabled-plugins = [ linux-nftables ]"));
    page.section("SEE ALSO").line("teleproxy(1), teleproxy-run(1)");
    return page.toString();
  }
}
