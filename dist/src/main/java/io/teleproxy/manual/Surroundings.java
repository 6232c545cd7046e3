package io.teleproxy.manual;

/** What is around every command: files, variables, and where more is told. */
final class Surroundings {
  static final String CONFIGURATION_PAGE = "teleproxy.conf";

  /** The page is open at a section that needs a paragraph. */
  static final String MORE =
      "While teleproxy runs, http://teleproxy/ shows the same in a browser. The product's folder"
          + " docs tells how it works, what it promises, and what to do when something does not.";

  private Surroundings() {}

  static void environment(Troff page) {
    page.section("ENVIRONMENT")
        .term(
            "KUBECONFIG",
            "The kubeconfig files, with colons between them, if there is no --kubeconfig.")
        .term(
            "XDG_CONFIG_HOME",
            "Where the folder teleproxy with configuration and plugins lies, instead of"
                + " ~/.config.")
        .term(
            "TELEPROXY_API",
            "ADDRESS:PORT where commands find the running teleproxy, instead of 127.254.254.254"
                + " port 1.")
        .term("TELEPROXY_JAVA_OPTS", "Further options for the Java virtual machine.")
        .term(
            "NO_COLOR, TERM",
            "While run and demo start on a terminal, each component has a line there, in colour unless"
                + " NO_COLOR is set. With TERM=dumb there are only lines of the log.")
        .term(
            "JAVA_HOME",
            "The Java to use, 17 or newer; that in PATH, if it is not set. A product that has a"
                + " Java of its own uses that one.");
  }

  static void files(Troff page) {
    page.section("FILES")
        .term(
            "/etc/teleproxy/teleproxy.conf, ~/.config/teleproxy/teleproxy.conf",
            "Configuration of the machine and, winning over it, of the user; see"
                + " teleproxy.conf(5).")
        .term(
            "/etc/teleproxy/plugins, ~/.config/teleproxy/plugins",
            "Plugins of your own; each jar is loaded at the next start.")
        .term("~/.kube/config", "The kubeconfig, if nothing else names one.")
        .term(
            "/var/lib/teleproxy",
            "The journal of what has to be undone; there only while there is something.");
  }
}
