package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.testkit.TestSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A German Windows as its programs show it: keeps what netsh and PowerShell are told to keep, and
 * writes down what they are asked. What they say is in German, and says nothing of use.
 */
final class Windows implements CommandRunner, Environment, Interceptor.Context, Journal {
  final List<String> transcript = new ArrayList<>();

  /** Entries of the port proxy as the registry has them, by kind and listening end. */
  final Map<String, String> entries = new TreeMap<>();

  final Set<InetAddress> loopback = ConcurrentHashMap.newKeySet();
  final List<String> rules = new ArrayList<>();
  List<String> suffixes = List.of("firma.example");
  final List<Entry> noted = new ArrayList<>();
  String os = "windows";
  boolean privileged = true;
  boolean serviceRuns = true;
  boolean groupPolicy;

  /** What netsh leaves undone, without a word that could be understood. */
  String ignoring = "";

  Windows() {
    loopback.add(Prefix.parseAddress("127.0.0.1"));
    loopback.add(Prefix.parseAddress("::1"));
  }

  @Override
  public Outcome run(List<String> command, String input) throws IOException {
    String program = command.get(0).replaceFirst("^.*\\\\", "");
    String line = program + " " + String.join(" ", command.subList(1, command.size()));
    transcript.add(
        line.strip() + (input.isEmpty() ? "" : " <<\n" + input.replace("\r", "").strip()));
    return switch (program) {
      case "netsh.exe" -> {
        input.lines().forEach(this::netsh);
        yield new Outcome(0, "netsh>\r\nDer angeforderte Vorgang wurde ausgef\u00fchrt.\r\n", "");
      }
      case "cmd.exe" -> {
        netsh(command.get(3).replaceFirst("^\\S+ ", "").replace(" & exit /b 0", ""));
        yield new Outcome(0, "", "");
      }
      case "reg.exe" -> command.get(2).contains("PortProxy") ? registry() : policies();
      case "sc.exe" ->
          new Outcome(
              0,
              "\r\nSERVICE_NAME: iphlpsvc\r\n        TYP                : 20  WIN32_SHARE_PROCESS\r\n"
                  + "        STATUS             : "
                  + (serviceRuns ? "4  RUNNING" : "1  STOPPED")
                  + " \r\n",
              "");
      default -> new Outcome(0, powershell(command.get(command.size() - 1)), "");
    };
  }

  private void netsh(String line) {
    if (!ignoring.isEmpty() && line.contains(ignoring)) {
      return;
    }
    Map<String, String> values = new HashMap<>();
    Arrays.stream(line.split(" "))
        .filter(word -> word.contains("="))
        .forEach(word -> values.put(word.replaceFirst("=.*", ""), word.replaceFirst("^.*=", "")));
    if (line.startsWith("interface portproxy")) {
      String kind = line.split(" ")[3];
      String key = kind + " " + values.get("listenaddress") + "/" + values.get("listenport");
      if (line.contains(" add ")) {
        entries.put(key, values.get("connectaddress") + "/" + values.get("connectport"));
      } else {
        entries.remove(key);
      }
    } else if (line.startsWith("interface ipv")) {
      InetAddress address = Prefix.parseAddress(values.get("address").replaceFirst("/.*", ""));
      if (line.contains(" add ")) {
        loopback.add(address);
      } else {
        loopback.remove(address);
      }
    }
  }

  private Outcome registry() {
    StringBuilder text = new StringBuilder();
    for (String kind : List.of("v4tov4", "v4tov6", "v6tov4")) {
      text.append("\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\PortProxy\\")
          .append(kind)
          .append("\\tcp\r\n");
      entries.forEach(
          (key, to) -> {
            if (key.startsWith(kind + " ")) {
              text.append("    ").append(key.substring(7)).append("    REG_SZ    ").append(to);
              text.append("\r\n");
            }
          });
    }
    return new Outcome(entries.isEmpty() ? 1 : 0, text.toString(), "");
  }

  private Outcome policies() {
    return new Outcome(groupPolicy ? 0 : 1, "", "FEHLER: Der Schl\u00fcssel wurde nicht gefunden.");
  }

  private String powershell(String script) {
    String told = "";
    if (script.contains("$ours.Count")) {
      told = rules.size() + "\r\n";
    }
    if (script.contains("Remove-DnsClientNrptRule")) {
      rules.clear();
    }
    Matcher added =
        Pattern.compile("Add-DnsClientNrptRule -Namespace (@\\([^)]*\\)) -NameServers '([^']*)'")
            .matcher(script);
    while (added.find()) {
      rules.add(added.group(1) + " " + added.group(2));
    }
    if (script.contains("(Get-DnsClientGlobalSetting)")) {
      told = String.join("\r\n", suffixes) + "\r\n";
    }
    Matcher set = Pattern.compile("-SuffixSearchList @\\(([^)]*)\\)").matcher(script);
    if (set.find()) {
      suffixes =
          set.group(1).isEmpty() ? List.of() : List.of(set.group(1).replace("'", "").split(","));
    }
    return told;
  }

  /** Whether nothing of ours is left. */
  boolean isClean() {
    return entries.values().stream().noneMatch(to -> to.startsWith("127."))
        && loopback.size() == 2
        && rules.isEmpty()
        && suffixes.equals(List.of("firma.example"))
        && noted.isEmpty();
  }

  /** What the next start does for a run that was killed. */
  void undoWhatIsNoted() throws IOException {
    List<Entry> open = new ArrayList<>(noted);
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).undo();
    }
  }

  @Override
  public Entry note(String what, List<String> undo) {
    transcript.add("note: " + what);
    Entry entry =
        new Entry() {
          @Override
          public String what() {
            return what;
          }

          @Override
          public void undo() throws IOException {
            synchronized (Windows.this) {
              Windows.this.run(undo, "");
              noted.remove(this);
            }
          }
        };
    noted.add(entry);
    return entry;
  }

  @Override
  public Entry replace(Path file, byte[] contents) throws IOException {
    throw new IOException("nothing of ours is a file");
  }

  @Override
  public Journal journal() {
    return this;
  }

  String transcript() {
    return String.join("\n", transcript) + "\n";
  }

  Set<InetAddress> loopback() {
    return new HashSet<>(loopback);
  }

  @Override
  public String os() {
    return os;
  }

  @Override
  public boolean privileged() {
    return privileged;
  }

  @Override
  public Optional<Path> executable(String name) {
    return Optional.empty();
  }

  @Override
  public Map<String, String> variables() {
    return Map.of("SystemRoot", "C:\\Windows");
  }

  @Override
  public Settings settings() {
    return TestSettings.NONE;
  }

  @Override
  public Environment environment() {
    return this;
  }

  @Override
  public long exemptGid() {
    return 0;
  }
}
