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
    String[] line = {"-v", "--kubeconfig", "a", "--namespace=shop", "--dns", "1,2", "-vv"};
    Flags flags = PlainRun.flags(line).orElseThrow();
    assertSame(flags, line);
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
}
