package io.teleproxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.config.Flags;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The short way through the command line is the long way's. */
class PlainRunTest {
  @Test
  void everyOptionWithAValueMeansWhatPicocliMakesOfIt() {
    List<String> plain = new ArrayList<>();
    for (OptionSpec option : new CommandLine(new RunFlags()).getCommandSpec().options()) {
      if (option.arity().max() == 0) {
        continue;
      }
      for (String name : option.names()) {
        String value = option.type() == int.class ? "7" : "one,two";
        for (String[] line : new String[][] {{name, value}, {name + "=" + value}}) {
          Optional<Flags> flags = PlainRun.flags(line);
          flags.ifPresent(found -> assertSame(found, line));
          flags.ifPresent(found -> plain.add(name));
        }
      }
    }
    assertThat(plain).contains("--kubeconfig", "--context", "--namespace", "--mode", "--user");
  }

  @Test
  void aWholeLineMeansWhatPicocliMakesOfIt() {
    String[] line = {
      "-v", "--restart", "--kubeconfig", "a", "--namespace=shop", "--dns", "1,2", "-vv"
    };
    Flags flags = PlainRun.flags(line).orElseThrow();
    assertSame(flags, line);
  }

  @Test
  void aServerIsAskedForInsteadOfACluster() {
    Flags server =
        PlainRun.flags("--ssh", "me@gate", "--cidr", "10.0.0.0/8,fd00::/8").orElseThrow();
    assertSame(
        server,
        new Flags()
            .set("plugins.ssh.enabled", "--ssh", "true")
            .set("plugins.ssh.destination", "--ssh", "me@gate")
            .set("plugins.kubernetes.enabled", "--ssh", "false")
            .set("plugins.ssh.cidrs", "--cidr", List.of("10.0.0.0/8", "fd00::/8")));
    Flags both = PlainRun.flags("--ssh", "me@gate", "--context", "c").orElseThrow();
    assertSame(
        both,
        new Flags()
            .set("plugins.kubernetes.context", "--context", "c")
            .set("plugins.ssh.enabled", "--ssh", "true")
            .set("plugins.ssh.destination", "--ssh", "me@gate"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "status",
        "--help",
        "--nonsense x",
        "--kubeconfig",
        "--kubeconfig= --mode",
        "--mode all --mode bridge",
        "run x",
      })
  void whatIsNotPlainIsLeftToPicocli(String line) {
    assertThat(PlainRun.flags(line.split(" "))).isEmpty();
  }

  private static void assertSame(Flags flags, String... line) {
    Flags expected = new Flags();
    CommandLine.populateCommand(new RunFlags(), line).addTo(expected);
    assertThat(flags).as(String.join(" ", line)).usingRecursiveComparison().isEqualTo(expected);
  }

  private static void assertSame(Flags flags, Flags expected) {
    assertThat(flags).usingRecursiveComparison().isEqualTo(expected);
  }
}
