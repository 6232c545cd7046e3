package io.teleproxy.plugin;

import static io.teleproxy.plugin.PluginJarBuilder.plugin;
import static io.teleproxy.plugin.PluginJarBuilder.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.config.Part;
import io.teleproxy.plugin.PluginReport.State;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Resolver;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way in which a jar can be broken, always beside a good one that must work all the same. */
class PluginHostTest {
  private static Path good;

  @TempDir Path temporary;
  private Path dropIn;
  private Path bundled;
  private final List<Path> builtIn = new ArrayList<>();
  private Set<String> parts = Part.ALL;
  private Set<String> disabled = Set.of();
  private ClassLoader application = PluginHostTest.class.getClassLoader();
  private final List<PluginHost> opened = new ArrayList<>();

  @BeforeAll
  static void buildAGoodOne(@TempDir Path folder) throws IOException {
    good = plugin("good").resolver("good.Silent", "").write(folder.resolve("good.jar"));
  }

  @BeforeEach
  void folders() throws IOException {
    dropIn = Files.createDirectories(temporary.resolve("drop-in"));
    bundled = Files.createDirectories(temporary.resolve("bundled"));
    Files.copy(good, dropIn.resolve("good.jar"));
  }

  @AfterEach
  void close() {
    opened.forEach(PluginHost::close);
  }

  private PluginHost open() throws IOException {
    long me = ((Number) Files.getAttribute(temporary, "unix:uid")).longValue();
    Set<Long> owners = me == 0 ? Set.of(0L) : Set.of(0L, me);
    PluginHost host =
        PluginHost.open(
            new PluginSources(
                application,
                builtIn,
                Optional.of(bundled),
                List.of(dropIn),
                owners,
                disabled,
                parts),
            "linux",
            id -> TestEnvironment.BARE);
    opened.add(host);
    return host;
  }

  private PluginReport report(String id) throws IOException {
    PluginHost host = open();
    PluginReport good = find(host, "good");
    assertThat(good.state()).as(good.reason()).isEqualTo(State.LOADED);
    return find(host, id);
  }

  private static PluginReport find(PluginHost host, String id) {
    return host.report().stream()
        .filter(plugin -> plugin.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private void assertFailed(String id, String reason, String remedy) throws IOException {
    PluginReport report = report(id);
    assertThat(report.state()).isEqualTo(State.FAILED);
    assertThat(report.reason()).contains(reason).doesNotContain("\n");
    assertThat(report.remedy()).contains(remedy).doesNotContain("\n");
    assertThat(report.extensions()).isEmpty();
  }

  @Test
  void reportsAGoodPlugin() throws IOException {
    PluginReport good = report("good");
    assertThat(good.version()).isEqualTo("1.2.3");
    assertThat(good.source()).hasToString("drop-in");
    assertThat(good.path()).endsWith("good.jar");
    assertThat(good.extensions())
        .containsExactly(new PluginReport.Extension("resolver", Probe.applicable(0, "")));
    assertThat(good.reason()).isEmpty();
  }

  @Test
  void createsAnExtensionOnceAndProbesItOnce() throws IOException {
    plugin("counting")
        .resolver(
            "counting.Counting",
            "static int made, probed;\n"
                + "public Counting() { made++; }\n"
                + "public Probe probe(Environment e) { probed++;"
                + " return Probe.applicable(0, made + \"/\" + probed); }")
        .write(dropIn.resolve("counting.jar"));
    PluginHost host = open();
    Loaded<Resolver> first = counting(host);
    host.report();
    Loaded<Resolver> second = counting(host);
    assertThat(second.extension()).isSameAs(first.extension());
    assertThat(second.probe()).isEqualTo(Probe.applicable(0, "1/1"));
  }

  private static Loaded<Resolver> counting(PluginHost host) {
    return host.resolvers().stream()
        .filter(loaded -> loaded.pluginId().equals("counting"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void survivesWhatIsNoZip() throws IOException {
    Files.write(dropIn.resolve("text.jar"), text("this is no jar"));
    assertFailed("text", "it is not a jar file", "Copy or build it again");
  }

  @Test
  void survivesAnEmptyFile() throws IOException {
    Files.write(dropIn.resolve("empty.jar"), new byte[0]);
    assertFailed("empty", "it is not a jar file", "Copy or build it again");
  }

  @Test
  void survivesAJarThatIsNoPlugin() throws IOException {
    plugin("x").without("Plugin-Id").write(dropIn.resolve("library.jar"));
    assertFailed("library", "no Plugin-Id", "Add Plugin-Id");
  }

  @Test
  void survivesAnIdThatIsNone() throws IOException {
    plugin("../x").resolver("x.X", "").write(dropIn.resolve("path.jar"));
    assertFailed("path", "'../x' is not an id", "Correct Plugin-Id");
  }

  @Test
  void survivesAMissingIndex() throws IOException {
    plugin("bare").resolver("bare.Bare", "").withoutIndex().write(dropIn.resolve("bare.jar"));
    assertFailed("bare", "no META-INF/extensions.idx", "annotation processor");
  }

  @Test
  void survivesAnIndexThatNamesAMissingClass() throws IOException {
    plugin("ghost")
        .entry("META-INF/extensions.idx", text("ghost.Ghost\n"))
        .write(dropIn.resolve("ghost.jar"));
    assertFailed("ghost", "ghost.Ghost", "libraries inside the jar");
  }

  @Test
  void survivesAnExtensionOfNoPointOfOurs() throws IOException {
    plugin("other")
        .source(
            "other.Other",
            "package other; @org.pf4j.Extension"
                + " public class Other implements org.pf4j.ExtensionPoint {}")
        .write(dropIn.resolve("other.jar"));
    assertFailed("other", "none of Interceptor, Resolver, Watcher, Tunnel", "implement one");
  }

  @Test
  void survivesAPluginForANewerSpi() throws IOException {
    plugin("newer")
        .manifest("Plugin-Requires", ">=99.0.0")
        .resolver("newer.Newer", "")
        .write(dropIn.resolve("newer.jar"));
    assertFailed(
        "newer", "requires teleproxy-spi >=99.0.0, this is 0.1.0", "version of the plugin");
  }

  @Test
  void takesABareVersionAsThatOneOrNewer() throws IOException {
    plugin("older")
        .manifest("Plugin-Requires", "0.0.9")
        .resolver("older.Older", "")
        .write(dropIn.resolve("older.jar"));
    assertThat(report("older").state()).isEqualTo(State.LOADED);
  }

  @Test
  void survivesARequirementThatIsNoVersion() throws IOException {
    plugin("vague")
        .manifest("Plugin-Requires", "something recent")
        .resolver("vague.Vague", "")
        .write(dropIn.resolve("vague.jar"));
    assertFailed("vague", "'something recent' is not a version range", "Correct it");
  }

  @Test
  void tellsOfAJarThatBundlesTheSpi() throws IOException {
    plugin("fat")
        .resolver("fat.Fat", "")
        .entry("io/teleproxy/spi/Environment.class", new byte[] {1})
        .write(dropIn.resolve("fat.jar"));
    assertFailed("fat", "contains classes of io.teleproxy.spi", "scope 'provided'");
  }

  @Test
  void survivesALinkageError() throws IOException {
    plugin("unlinked")
        .resolver(
            "unlinked.Unlinked",
            "public Probe probe(Environment e) {"
                + " return Probe.applicable(0, \"\" + com.google.gson.JsonParser.parseString(\"1\")); }")
        .write(dropIn.resolve("unlinked.jar"));
    assertFailed("unlinked", "com/google/gson/JsonParser", "libraries inside the jar");
  }

  @Test
  void survivesAClassFileOfANewerJava() throws IOException {
    plugin("future")
        .entry("META-INF/extensions.idx", text("future.Future\n"))
        .entry(
            "future/Future.class",
            new byte[] {(byte) 0xca, (byte) 0xfe, (byte) 0xba, (byte) 0xbe, 0, 0, 0, (byte) 0xc8})
        .write(dropIn.resolve("future.jar"));
    assertFailed("future", "creating its extension future.Future failed", "newer Java");
  }

  @Test
  void survivesAnExceptionInAConstructor() throws IOException {
    plugin("throwing")
        .resolver("t.Throwing", "public Throwing() { throw new IllegalStateException(\"moon\"); }")
        .write(dropIn.resolve("throwing.jar"));
    assertFailed("throwing", "IllegalStateException: moon", "disabled-plugins");
  }

  @Test
  void survivesAnErrorInAProbe() throws IOException {
    plugin("failing")
        .resolver(
            "f.Failing", "public Probe probe(Environment e) { throw new StackOverflowError(); }")
        .write(dropIn.resolve("failing.jar"));
    assertFailed("failing", "its probe failed: java.lang.StackOverflowError", "disabled-plugins");
    assertThat(open().resolvers()).extracting(Loaded::pluginId).containsExactly("good");
  }

  @Test
  void survivesAProbeWithoutAnAnswer() throws IOException {
    plugin("mute")
        .resolver("m.Mute", "public Probe probe(Environment e) { return null; }")
        .write(dropIn.resolve("mute.jar"));
    assertFailed("mute", "its probe answered null", "Update");
  }

  @Test
  void passesOnWhatAProbeTellsTheUser() throws IOException {
    plugin("telling")
        .resolver(
            "t.Telling",
            "public Probe probe(Environment e) {"
                + " throw new UserException(\"no moon\", \"Wait for night.\"); }")
        .write(dropIn.resolve("telling.jar"));
    assertFailed("telling", "no moon", "Wait for night.");
  }

  @Test
  void survivesAPluginClassThatDoesNotStart() throws IOException {
    plugin("starter")
        .manifest("Plugin-Class", "s.Starter")
        .source(
            "s.Starter",
            "package s; public class Starter extends org.pf4j.Plugin {"
                + " public void start() { throw new IllegalStateException(\"flat battery\"); } }")
        .resolver("s.Silent", "")
        .write(dropIn.resolve("starter.jar"));
    assertFailed("starter", "its start failed: java.lang.IllegalStateException: flat battery", "");
  }

  @Test
  void survivesAPluginClassThatIsMissing() throws IOException {
    plugin("headless")
        .manifest("Plugin-Class", "h.Missing")
        .resolver("h.Silent", "")
        .write(dropIn.resolve("headless.jar"));
    assertFailed("headless", "h.Missing", "libraries inside the jar");
  }

  @Test
  void theFirstSourceOfAnIdWins() throws IOException {
    plugin("twin").resolver("twin.First", "").write(bundled.resolve("twin.jar"));
    plugin("twin").resolver("twin.Second", "").write(dropIn.resolve("copy-of-twin.jar"));
    List<PluginReport> twins =
        open().report().stream().filter(plugin -> plugin.id().equals("twin")).toList();
    assertThat(twins).extracting(PluginReport::state).containsExactly(State.LOADED, State.FAILED);
    assertThat(twins.get(1).reason()).contains("is taken by").contains("(bundled)");
  }

  @Test
  void needsThePluginsThatAPluginDependsOn() throws IOException {
    plugin("needy")
        .manifest("Plugin-Dependencies", "missing")
        .resolver("n.Needy", "")
        .write(dropIn.resolve("needy.jar"));
    plugin("served")
        .manifest("Plugin-Dependencies", "good")
        .resolver("s.Served", "")
        .write(dropIn.resolve("served.jar"));
    assertThat(report("served").state()).isEqualTo(State.LOADED);
    assertFailed("needy", "Plugin-Dependencies", "Install that one too");
  }

  @Test
  void survivesPluginsThatDependOnEachOther() throws IOException {
    for (String[] pair : new String[][] {{"egg", "hen"}, {"hen", "egg"}}) {
      plugin(pair[0])
          .manifest("Plugin-Dependencies", pair[1])
          .resolver(pair[0] + ".X", "")
          .write(dropIn.resolve(pair[0] + ".jar"));
    }
    assertFailed("egg", "Plugin-Dependencies", "");
    assertFailed("hen", "Plugin-Dependencies", "");
  }

  @Test
  void loadsNothingOfAPluginForAnotherSystem() throws IOException {
    plugin("elsewhere")
        .manifest("Plugin-Os", "macos, windows")
        .resolver(
            "elsewhere.Loud", "static { if (true) throw new IllegalStateException(\"loud\"); }")
        .write(dropIn.resolve("elsewhere.jar"));

    PluginReport report = report("elsewhere");
    assertThat(report.state()).isEqualTo(State.OTHER_OS);
    assertThat(report.reason()).isEqualTo("it is for macos and windows, this is linux (os=linux)");
    assertThat(report.extensions()).isEmpty();
  }

  @Test
  void loadsAPluginThatIsForThisSystemAmongOthers() throws IOException {
    plugin("both")
        .manifest("Plugin-Os", "Windows, Linux")
        .resolver("both.Silent", "")
        .write(dropIn.resolve("both.jar"));

    assertThat(report("both").state()).isEqualTo(State.LOADED);
  }

  @Test
  void passesOverWhatIsForAnotherPartOfARun() throws IOException {
    plugin("apart")
        .manifest("Plugin-Part", "intercept")
        .resolver("apart.Silent", "")
        .write(dropIn.resolve("apart.jar"));
    assertThat(report("apart").state()).isEqualTo(State.LOADED);

    parts = Set.of("bridge");
    assertThat(open().report())
        .extracting(PluginReport::id)
        .contains("good")
        .doesNotContain("apart");
  }

  @Test
  void refusesAPartThatNoRunHas() throws IOException {
    plugin("astray")
        .manifest("Plugin-Part", "root")
        .resolver("astray.Silent", "")
        .write(dropIn.resolve("astray.jar"));
    assertFailed("astray", "Plugin-Part 'root'", "manifest");
  }

  @Test
  void leavesDisabledPluginsAlone() throws IOException {
    plugin("off")
        .resolver("off.Off", "public Off() { throw new AssertionError(); }")
        .write(dropIn.resolve("off.jar"));
    disabled = Set.of("off");
    PluginReport off = report("off");
    assertThat(off.state()).isEqualTo(State.DISABLED);
    assertThat(off.remedy()).contains("Remove it");
  }

  @Test
  void refusesAJarThatOthersCanWrite() throws IOException {
    Path jar = plugin("open").resolver("o.Open", "").write(dropIn.resolve("open.jar"));
    Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("rw-rw-rw-"));
    Files.move(jar, dropIn.resolve("loose.jar"));
    assertFailed("loose", "can be written by others (mode 666)", "chmod go-w");
  }

  @Test
  void refusesAFolderThatOthersCanWrite() throws IOException {
    Files.setPosixFilePermissions(dropIn, PosixFilePermissions.fromString("rwxrwxrwx"));
    PluginReport good = find(open(), "good");
    assertThat(good.state()).isEqualTo(State.FAILED);
    assertThat(good.reason()).contains(dropIn + " can be written by others (mode 777)");
  }

  @Test
  void checksBundledJarsAgainstTheList() throws IOException {
    Path jar = plugin("listed").resolver("l.Listed", "").write(bundled.resolve("listed.jar"));
    plugin("changed").resolver("c.Changed", "").write(bundled.resolve("changed.jar"));
    plugin("added").resolver("a.Added", "").write(bundled.resolve("added.jar"));
    Process sum =
        new ProcessBuilder("sha256sum", "listed.jar", "changed.jar")
            .directory(bundled.toFile())
            .redirectOutput(bundled.resolve("SHA256SUMS").toFile())
            .start();
    assertThat(sum.onExit().join().exitValue()).isZero();
    Files.write(
        bundled.resolve("changed.jar"), new byte[] {0}, java.nio.file.StandardOpenOption.APPEND);

    assertThat(jar).exists();
    assertThat(report("listed").state()).isEqualTo(State.LOADED);
    assertFailed("changed", "not what SHA256SUMS says", "Install teleproxy again");
    assertFailed("added", "not listed in SHA256SUMS", "drop-in folder");
  }

  @Test
  void aPluginSeesTheSpiAndNothingElseOfOurs() throws IOException {
    plugin("curious")
        .resolver(
            "c.Curious",
            "static String look(String name) { try { Class.forName(name); return \"seen \"; }"
                + " catch (ClassNotFoundException e) { return \"unseen \"; } }\n"
                + "public Probe probe(Environment e) { return Probe.applicable(0,"
                + " look(\"io.teleproxy.spi.Route\") + look(\"org.slf4j.Logger\")"
                + " + look(\"java.net.http.HttpClient\") + look(\"io.teleproxy.plugin.PluginHost\")"
                + " + look(\"com.google.gson.Gson\")"
                + " + Curious.class.getClassLoader().getResource(\"reference.conf\")"
                + " + (Thread.currentThread().getContextClassLoader()"
                + " == Curious.class.getClassLoader())); }")
        .write(dropIn.resolve("curious.jar"));
    assertThat(report("curious").extensions())
        .extracting(PluginReport.Extension::probe)
        .containsExactly(Probe.applicable(0, "seen seen seen unseen unseen nulltrue"));
  }

  @Test
  void stopsAllPluginsInReverseWhateverFails() throws IOException {
    for (String id : List.of("a", "b", "c")) {
      plugin(id)
          .manifest("Plugin-Class", id + ".Stopping")
          .source(
              id + ".Stopping",
              "package "
                  + id
                  + "; public class Stopping extends org.pf4j.Plugin { public void stop() {"
                  + " System.setProperty(\"stopped\","
                  + " System.getProperty(\"stopped\", \"\") + \""
                  + id
                  + "\"); throw new "
                  + (id.equals("b") ? "IllegalStateException" : "OutOfMemoryError")
                  + "(); } }")
          .resolver(id + ".Silent", "")
          .write(dropIn.resolve(id + ".jar"));
    }
    PluginHost host = open();
    try {
      host.close();
      assertThat(System.getProperty("stopped")).isEqualTo("cba");
      host.close();
      assertThat(System.getProperty("stopped")).isEqualTo("cba");
    } finally {
      System.clearProperty("stopped");
    }
  }
}
