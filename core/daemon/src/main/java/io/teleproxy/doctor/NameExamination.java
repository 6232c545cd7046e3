package io.teleproxy.doctor;

import io.teleproxy.spi.Finding;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Who resolves names on this machine, and who does it past us. */
final class NameExamination {
  /** Of Firefox: 2 asks by HTTPS first, 3 only. */
  private static final Pattern FIREFOX =
      Pattern.compile("\"network\\.trr\\.mode\"\\s*,\\s*[23]\\s*\\)");

  private static final Pattern CHROMIUM =
      Pattern.compile("\"DnsOverHttpsMode\"\\s*:\\s*\"(secure|automatic)\"");

  private static final List<String> CHROMIUM_POLICIES =
      List.of("etc/opt/chrome/policies/managed", "etc/chromium/policies/managed");

  private final Path root;
  private final Path home;
  private final List<Finding> findings = new ArrayList<>();

  private NameExamination(Path root, Path home) {
    this.root = root;
    this.home = home;
  }

  /**
   * Looks.
   *
   * @param home of the user, below the same root
   */
  static List<Finding> of(Path root, Path home) {
    NameExamination names = new NameExamination(root, home);
    names.nameservers();
    names.nscd();
    names.overTls();
    names.overHttps();
    names.nsswitch();
    return names.findings;
  }

  private void nameservers() {
    Path file = root.resolve("etc/resolv.conf");
    String text = MachineExamination.read(file);
    List<String> servers =
        text.lines()
            .filter(line -> line.strip().startsWith("nameserver"))
            .map(line -> line.strip().substring("nameserver".length()).strip())
            .toList();
    String manager = manager(file, text);
    if (servers.isEmpty()) {
      findings.add(
          Finding.note(
              "resolv.conf",
              "no nameserver in /etc/resolv.conf (" + manager + ")",
              "Programs ask 127.0.0.1 then; name one with --dns if yours is another."));
    } else {
      findings.add(Finding.ok("resolv.conf", String.join(", ", servers) + " (" + manager + ")"));
    }
  }

  private static String manager(Path file, String text) {
    try {
      if (Files.isSymbolicLink(file)) {
        return "a link to " + Files.readSymbolicLink(file);
      }
    } catch (IOException e) {
      // As a plain file.
    }
    return text.lines()
        .filter(line -> line.startsWith("#") && line.toLowerCase(Locale.ROOT).contains("generated"))
        .findFirst()
        .map(line -> line.substring(1).strip())
        .orElse("a plain file");
  }

  private void nscd() {
    if (Files.exists(root.resolve("var/run/nscd/socket"))
        || Files.exists(root.resolve("run/nscd/socket"))) {
      findings.add(
          Finding.note(
              "nscd",
              "nscd runs and remembers names",
              "A name that was asked before the start may stay unknown for a minute: 'nscd -i hosts'."));
    }
  }

  private void overTls() {
    String resolved = MachineExamination.read(root.resolve("etc/systemd/resolved.conf"));
    if (resolved
        .lines()
        .anyMatch(line -> line.strip().matches("DNSOverTLS *= *(yes|opportunistic)"))) {
      findings.add(
          Finding.note(
              "DNS over TLS",
              "systemd-resolved asks its nameservers over TLS",
              "Programs that ask it on 127.0.0.53 are answered by teleproxy; those that use its bus"
                  + " (nss-resolve) are not: put 'dns' before 'resolve' in /etc/nsswitch.conf."));
    }
  }

  /** What browsers ask by HTTPS goes past every nameserver of the machine. */
  private void overHttps() {
    Set<String> browsers = new TreeSet<>();
    for (Path profile : list(home.resolve(".mozilla/firefox"))) {
      for (String file : List.of("prefs.js", "user.js")) {
        if (FIREFOX.matcher(MachineExamination.read(profile.resolve(file))).find()) {
          browsers.add("Firefox");
        }
      }
    }
    for (String folder : CHROMIUM_POLICIES) {
      for (Path policy : list(root.resolve(folder))) {
        if (CHROMIUM.matcher(MachineExamination.read(policy)).find()) {
          browsers.add("Chrome or Chromium");
        }
      }
    }
    if (browsers.isEmpty()) {
      findings.add(
          Finding.ok("DNS over HTTPS", "no browser is known to ask its names past this machine"));
    } else {
      findings.add(
          Finding.note(
              "DNS over HTTPS",
              String.join(", ", browsers)
                  + " asks for names by HTTPS, past this machine's resolver",
              "Names of the cluster are not found there: switch DNS over HTTPS off in the browser,"
                  + " or except the cluster's domains from it."));
    }
  }

  private static List<Path> list(Path folder) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      all.forEach(found::add);
    } catch (IOException e) {
      // No such folder.
    }
    return found;
  }

  private void nsswitch() {
    String hosts =
        MachineExamination.read(root.resolve("etc/nsswitch.conf"))
            .lines()
            .filter(line -> line.startsWith("hosts:"))
            .findFirst()
            .orElse("hosts: files dns");
    if (hosts.contains("dns")) {
      findings.add(Finding.ok("nsswitch.conf", hosts));
    } else {
      findings.add(
          Finding.bad(
              "nsswitch.conf",
              hosts + ": the C library asks no nameserver",
              "Add 'dns' to the line 'hosts:' of /etc/nsswitch.conf."));
    }
  }
}
