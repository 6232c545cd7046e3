package io.teleproxy.plugin.ssh.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.UserException;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationTest {
  @TempDir private Path home;

  @ParameterizedTest
  @CsvSource({
    "gate,me,gate,22",
    "you@gate:2222,you,gate,2222",
    "ssh://you@gate:2222,you,gate,2222",
    "[2001:db8::1]:2222,me,2001:db8::1,2222",
    "2001:db8::1,me,2001:db8::1,22",
    "a@b@gate,a@b,gate,22",
  })
  void whoAndWhereStandsInTheDestination(String text, String user, String host, int port) {
    Hop hop = hops("", text).get(0);
    assertThat(hop.user()).isEqualTo(user);
    assertThat(hop.host()).isEqualTo(host);
    assertThat(hop.port()).isEqualTo(port);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "me@", "-oProxyCommand=x", "gate:70000", "gate:x", "a b"})
  void whatIsNoDestinationIsRefused(String text) {
    assertThatThrownBy(() -> hops("", text)).isInstanceOf(UserException.class);
  }

  @Test
  void jumpHostsComeFirstWithWhatIsSaidOfThem() {
    List<Hop> hops =
        hops(
            """
            Host inner
              HostName 10.0.0.9
              ProxyJump outer,you@middle:2200
            Host outer
              HostName outer.example
              User them
            """,
            "inner");
    assertThat(hops.stream().map(Hop::toString))
        .containsExactly("them@outer.example", "you@middle:2200", "me@10.0.0.9");
  }

  @Test
  void jumpHostsInACircleAreRefused() {
    assertThatThrownBy(() -> hops("Host a\n ProxyJump b\nHost b\n ProxyJump a\n", "a"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("jump hosts");
  }

  @Test
  void filesMayHaveTokensAndLieInTheHome() {
    Hop hop =
        hops(
                """
                Host gate
                  HostName 192.0.2.1
                  Port 2222
                  IdentityFile ~/.ssh/%r@%h-%p
                  UserKnownHostsFile ~/.ssh/hosts_of_%n
                  GlobalKnownHostsFile none
                  IdentityAgent %d/agent
                  HostKeyAlias the-gate
                """,
                "gate")
            .get(0);
    assertThat(hop.identities()).containsExactly(home.resolve(".ssh/me@192.0.2.1-2222"));
    assertThat(hop.knownHosts()).containsExactly(home.resolve(".ssh/hosts_of_gate"));
    assertThat(hop.agent()).contains(home.resolve("agent"));
    assertThat(hop.knownHostsName()).isEqualTo("[the-gate]:2222");
    assertThat(hop.command()).isEqualTo("ssh -p 2222 me@gate");
  }

  @Test
  void aProxyCommandIsNamedAsWhatIsMissing() {
    assertThatThrownBy(() -> hops("ProxyCommand nc %h %p\n", "gate"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("ProxyCommand");
  }

  private List<Hop> hops(String config, String text) {
    try {
      Path file = Files.writeString(home.resolve("config"), config);
      return new Destination(
              new TestEnvironment(Map.of("HOME", home.toString(), "USER", "me"), Map.of()),
              Optional.of(file),
              List.of())
          .hops(text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
