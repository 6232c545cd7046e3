package io.teleproxy.plugin.pf;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.testkit.TestSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A Mac as its programs show it: answers what pfctl, scutil and sysctl answer there (texts and exit
 * codes as macOS 26.5 gives them), keeps what they would keep, and writes down what they are asked.
 */
final class Mac implements CommandRunner, Environment, Interceptor.Context, PfDevice, Journal {
  static final long GID = 777;

  private static final String NO_ALTQ =
      "No ALTQ support in kernel\nALTQ related functions disabled\n";

  final List<String> transcript = new ArrayList<>();
  final Set<String> tokens = new TreeSet<>();
  final Map<String, String> store = new TreeMap<>();
  final List<Entry> noted = new ArrayList<>();
  String os = "macos";
  boolean privileged = true;
  Set<String> missing = Set.of();
  String anchor = "";
  boolean appleAnchors = true;
  boolean skip;
  String boot = "7D3A";

  /** A command that fails, by how its line begins, and what it says. */
  String failing = "";

  /** What pf answers to a question: bytes from an offset on, or an errno. */
  byte[] answer = new byte[0];

  int errno;
  byte[] asked = new byte[0];
  boolean deviceOpen;
  private long nextToken = Long.parseUnsignedLong("11012949885072952621");

  @Override
  public Outcome run(List<String> command, String input) throws IOException {
    String line = String.join(" ", command).replaceFirst("^/\\S*/", "");
    transcript.add(line + (input.isEmpty() ? "" : " <<\n" + input.stripTrailing()));
    if (!failing.isEmpty() && line.startsWith(failing)) {
      return new Outcome(1, "", NO_ALTQ + "pfctl: it is broken\n");
    }
    List<String> words = List.of(line.split(" "));
    return switch (words.get(0)) {
      case "pfctl" -> pfctl(words.subList(1, words.size()), input);
      case "sh" -> shell(command);
      case "scutil" -> new Outcome(0, scutil(input), "");
      case "sysctl" -> new Outcome(0, boot + "\n", "");
      default -> new Outcome(0, "", "");
    };
  }

  private Outcome pfctl(List<String> arguments, String input) {
    String line = String.join(" ", arguments);
    String output = "";
    String errors = NO_ALTQ;
    int status = 0;
    switch (line) {
      case "-s nat" ->
          output =
              "nat-anchor \"com.apple/*\" all\n"
                  + (appleAnchors ? "rdr-anchor \"com.apple/*\" all\n" : "");
      case "-s rules" ->
          output =
              "scrub-anchor \"com.apple/*\" all fragment reassemble\n"
                  + (appleAnchors ? "anchor \"com.apple/*\" all\n" : "");
      case "-s info" ->
          output =
              tokens.isEmpty()
                  ? "Status: Disabled                              Debug: Urgent\n"
                  : "Status: Enabled for 0 days 00:00:05           Debug: Urgent\n";
      case "-s Interfaces -i lo0 -v" -> output = skip ? "lo0 (skip)\n" : "lo0\n";
      case "-a com.apple/teleproxy -f -" -> anchor = input;
      case "-a com.apple/teleproxy -s nat" -> output = lines("rdr ");
      case "-a com.apple/teleproxy -s rules" -> output = lines("pass ") + lines("block ");
      case "-a com.apple/teleproxy -F all" -> {
        anchor = "";
        errors += "rules cleared\nnat cleared\n";
      }
      case "-E" -> {
        String token = Long.toUnsignedString(nextToken++);
        tokens.add(token);
        errors += "pf enabled\nToken : " + token + "\n";
      }
      default -> {
        if (line.startsWith("-X ")) {
          boolean off = tokens.isEmpty();
          boolean known = tokens.remove(arguments.get(1));
          status = known ? 0 : 1;
          errors +=
              known
                  ? "pf disabled\n"
                  : off ? "pfctl: pf not enabled\n" : "pfctl: pf: token invalid\n";
        }
      }
    }
    return new Outcome(status, output, errors);
  }

  private String lines(String start) {
    StringBuilder found = new StringBuilder();
    anchor
        .lines()
        .filter(line -> line.startsWith(start))
        .forEach(l -> found.append(l).append('\n'));
    return found.toString();
  }

  private String scutil(String input) {
    StringBuilder said = new StringBuilder();
    StringBuilder dictionary = new StringBuilder();
    for (String line : input.split("\n")) {
      String key = line.substring(line.indexOf(' ') + 1);
      if (line.equals("d.init")) {
        dictionary.setLength(0);
      } else if (line.startsWith("d.add ")) {
        dictionary.append(key).append('\n');
      } else if (line.startsWith("set ")) {
        store.put(key, dictionary.toString());
      } else if (line.startsWith("show ")) {
        said.append(store.containsKey(key) ? "<dictionary> {\n}\n" : "  No such key\n");
      } else if (line.startsWith("remove ") && store.remove(key) == null) {
        said.append("  No such key\n");
      }
    }
    return said.toString();
  }

  /** Whether nothing of ours is left. */
  boolean isClean() {
    return anchor.isEmpty() && tokens.isEmpty() && store.isEmpty() && noted.isEmpty();
  }

  /** What a watchdog does when we were killed, or the next start. */
  void undoWhatIsNoted() throws IOException {
    List<Entry> open = new ArrayList<>(noted);
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).undo();
    }
  }

  @Override
  public Journal journal() {
    return this;
  }

  @Override
  public Entry note(String what, List<String> undo) throws IOException {
    transcript.add("note: " + what);
    if (!failing.isEmpty() && ("note: " + what).startsWith(failing)) {
      throw new IOException("the disk is full");
    }
    Entry entry =
        new Entry() {
          @Override
          public String what() {
            return what;
          }

          @Override
          public void undo() throws IOException {
            Outcome outcome = Mac.this.run(undo, "");
            if (!outcome.ok()) {
              throw new IOException(what + ": exit " + outcome.status());
            }
            noted.remove(this);
          }
        };
    noted.add(entry);
    return entry;
  }

  @Override
  public Entry replace(Path file, byte[] contents) throws IOException {
    throw new IOException("nothing of ours is a file");
  }

  /** The two scripts that are noted, as a shell would carry them out. */
  private Outcome shell(List<String> words) {
    transcript.remove(transcript.size() - 1);
    String script = words.get(2);
    List<String> arguments = words.subList(4, words.size());
    if (script.contains("-X")) {
      if (arguments.get(1).equals(boot)) {
        transcript.add("sh: pfctl -X " + arguments.get(3));
        tokens.remove(arguments.get(3));
        return new Outcome(0, "", "");
      }
      transcript.add("sh: the machine was started anew");
    } else {
      transcript.add("sh: scutil remove, and flush");
      store.remove(arguments.get(1));
      store.remove(arguments.get(2));
    }
    return new Outcome(0, "", "");
  }

  String transcript() {
    return String.join("\n", transcript) + "\n";
  }

  @Override
  public void control(String name, long request, byte[] struct) throws IOException {
    transcript.add("ioctl " + name);
    if (name.equals("DIOCCLRIFFLAG")) {
      skip = false;
      return;
    }
    asked = struct.clone();
    if (errno != 0) {
      throw new Refusal(name, errno);
    }
    System.arraycopy(answer, 0, struct, Natlook.RDADDR, 16);
    System.arraycopy(answer, 16, struct, Natlook.RDXPORT, 2);
  }

  PfDevice openDevice() {
    deviceOpen = true;
    return this;
  }

  @Override
  public void close() {
    deviceOpen = false;
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
    return missing.contains(name) ? Optional.empty() : Optional.of(Path.of("/sbin", name));
  }

  @Override
  public Map<String, String> variables() {
    return Map.of();
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
    return GID;
  }
}
