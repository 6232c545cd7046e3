package io.teleproxy.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.teleproxy.config.Part;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterceptorChoiceTest {
  private static final Environment BARE = TestEnvironment.BARE;

  @TempDir Path temporary;

  /** Never opened here: only its probe matters. */
  private record Candidate(Probe probe) implements Interceptor {
    @Override
    public Probe probe(Environment environment) {
      return probe;
    }

    @Override
    public Set<Capability> capabilities() {
      return Set.of();
    }

    @Override
    public Iterable<String> recover(Environment environment) {
      return List.of();
    }

    @Override
    public Session open(Context context) {
      throw new AssertionError("a choice opens nothing");
    }
  }

  private static InterceptorChoice choose(Object... idsAndProbes) {
    List<Loaded<Interceptor>> candidates = new ArrayList<>();
    for (int i = 0; i < idsAndProbes.length; i += 2) {
      Probe probe = (Probe) idsAndProbes[i + 1];
      candidates.add(
          new Loaded<>(
              (String) idsAndProbes[i], PluginSource.BUNDLED, new Candidate(probe), probe, BARE));
    }
    return InterceptorChoice.of("linux", candidates);
  }

  @Test
  void theHighestPriorityThatAppliesIsChosen() {
    InterceptorChoice choice =
        choose(
            "linux-iptables",
            Probe.applicable(50, "iptables v1.8.9 (nf_tables)"),
            "linux-nftables",
            Probe.notApplicable("nft is not installed", "apt-get install nftables"),
            "per-port-fallback",
            Probe.applicable(10, ""));
    assertThat(choice.line())
        .isEqualTo(
            "intercept: [os=linux linux-iptables=\"iptables v1.8.9 (nf_tables)\""
                + " linux-nftables=\"no: nft is not installed\" per-port-fallback=\"\""
                + " chosen=linux-iptables]");
    assertThat(choice.chosen()).map(Loaded::pluginId).contains("linux-iptables");
  }

  @Test
  void whoCannotBeChosenIsNotAsked() throws IOException {
    ranked("better", 200, "return Probe.applicable(200, \"better 1.0\");");
    ranked("worse", 100, "throw new AssertionError(\"asked for nothing\");");
    try (PluginHost host = host()) {
      assertThat(host.chooseInterceptor().pluginId()).isEqualTo("better");
      assertThat(host.interceptorsUnasked()).extracting(Loaded::pluginId).contains("worse");
      assertThat(host.interceptorsUnasked()).allMatch(Loaded::applicable);
    }
  }

  @Test
  void whereTheBestDoesNotApplyTheNextIsAsked() throws IOException {
    ranked("better", 200, "return Probe.notApplicable(\"no better\", \"\");");
    ranked("worse", 100, "return Probe.applicable(100, \"worse 1.0\");");
    try (PluginHost host = host()) {
      assertThat(host.chooseInterceptor().pluginId()).isEqualTo("worse");
    }
  }

  private void ranked(String id, int highest, String probe) throws IOException {
    PluginJarBuilder.plugin(id)
        .source(
            id + ".Ranked",
            "package "
                + id
                + "; import io.teleproxy.spi.*; @org.pf4j.Extension public class Ranked implements"
                + " Interceptor { public Probe probe(Environment e) { "
                + probe
                + " } public int highestPriority() { return "
                + highest
                + "; } public java.util.Set<Capability> capabilities() { return"
                + " java.util.Set.of(); } public Iterable<String> recover(Environment e) { return"
                + " java.util.List.of(); } public Session open(Context c) { return null; } }")
        .write(temporary.resolve(id + ".jar"));
  }

  private PluginHost host() {
    return PluginHost.open(
        new PluginSources(
            getClass().getClassLoader(),
            List.of(),
            Optional.of(temporary),
            List.of(),
            Set.of(),
            Set.of(),
            Part.ALL),
        "linux",
        id -> BARE);
  }

  @Test
  void amongEqualsTheFirstIdIsChosenWhateverTheOrder() {
    assertThat(choose("b", Probe.applicable(1, ""), "a", Probe.applicable(1, "")).line())
        .endsWith("chosen=a]");
    assertThat(choose("a", Probe.applicable(1, ""), "b", Probe.applicable(1, "")).line())
        .endsWith("chosen=a]");
  }

  @Test
  void quotesCannotBreakTheLine() {
    assertThat(choose("a", Probe.applicable(1, "say \"yes\"")).line())
        .isEqualTo("intercept: [os=linux a=\"say 'yes'\" chosen=a]");
  }

  @Test
  void whereNoneAppliesEveryCandidateIsToldWithReasonAndRemedy() throws IOException {
    for (String id : List.of("first", "second")) {
      PluginJarBuilder.plugin(id)
          .source(
              id + ".Never",
              "package "
                  + id
                  + "; import io.teleproxy.spi.*; @org.pf4j.Extension public class Never implements"
                  + " Interceptor { public Probe probe(Environment e) { return"
                  + " Probe.notApplicable(\""
                  + id
                  + " tool is missing\", \"Install it.\"); } public java.util.Set<Capability>"
                  + " capabilities() { return java.util.Set.of(); } public Iterable<String>"
                  + " recover(Environment e) { return java.util.List.of(); } public Session"
                  + " open(Context c) { return null; } }")
          .write(temporary.resolve(id + ".jar"));
    }
    Files.writeString(temporary.resolve("third.jar"), "no zip");
    try (PluginHost host =
        PluginHost.open(
            new PluginSources(
                getClass().getClassLoader(),
                List.of(),
                Optional.of(temporary),
                List.of(),
                Set.of(),
                Set.of(),
                Part.ALL),
            "linux",
            id -> BARE)) {
      assertThat(catchThrowableOfType(UserException.class, host::chooseInterceptor))
          .hasMessage(
              "no interceptor works on this machine:\n"
                  + "  first: first tool is missing. Install it.\n"
                  + "  second: second tool is missing. Install it.\n"
                  + "  plugin third: it is not a jar file (zip END header not found). Copy or build"
                  + " it again.");
    }
  }
}
