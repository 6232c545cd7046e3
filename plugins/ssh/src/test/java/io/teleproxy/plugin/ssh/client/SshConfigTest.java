package io.teleproxy.plugin.ssh.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SshConfigTest {
  @TempDir private Path home;

  @Test
  void theFirstValueOfAKeywordCountsAndIdentitiesAreGathered() throws IOException {
    SshConfig config =
        read(
            "gate",
            """
            # the gate
            Host gate !other
              HostName 192.0.2.7
              Port=2222
              IdentityFile ~/.ssh/a
            Host *
              Port 22
              User "the user"
              IdentityFile ~/.ssh/b
            """);
    assertThat(config.first("hostname")).contains("192.0.2.7");
    assertThat(config.first("Port")).contains("2222");
    assertThat(config.first("User")).contains("the user");
    assertThat(config.all("IdentityFile")).containsExactly("~/.ssh/a", "~/.ssh/b");
  }

  @Test
  void patternsAndTheirNegationsDecide() throws IOException {
    String text = "Host *.corp.example !bad.corp.example\n Port 7\nHost ?at\n Port 8\n";
    assertThat(read("a.corp.example", text).first("Port")).contains("7");
    assertThat(read("bad.corp.example", text).first("Port")).isEmpty();
    assertThat(read("cat", text).first("Port")).contains("8");
    assertThat(read("chat", text).first("Port")).isEmpty();
  }

  @Test
  void matchByWhatIsKnownAndNothingElse() throws IOException {
    String text =
        """
        Match host gate user me
          Port 1
        Match exec "true"
          Port 2
        Match all
          Port 3
        """;
    assertThat(read("gate", text).first("Port")).contains("1");
    assertThat(read("other", text).first("Port")).contains("3");
  }

  @Test
  void includedFilesCountWhereTheyAreIncluded() throws IOException {
    Files.createDirectories(home.resolve(".ssh/config.d"));
    Files.writeString(home.resolve(".ssh/config.d/one"), "Host gate\n Port 5\n");
    Files.writeString(home.resolve(".ssh/config.d/two"), "Port 6\n");
    assertThat(read("gate", "Include config.d/*\nHost *\n Port 7\n").first("Port")).contains("5");
    assertThat(read("x", "Include config.d/*\nHost *\n Port 7\n").first("Port")).contains("6");
    assertThat(read("x", "Host y\n Include config.d/*\nHost *\n Port 7\n").first("Port"))
        .contains("7");
  }

  @Test
  void wordsMayBeQuotedAndFollowAnEqualSign() {
    assertThat(SshConfig.words("  User = me # who")).containsExactly("User", "me");
    assertThat(SshConfig.words("IdentityFile \"~/my keys/id\""))
        .containsExactly("IdentityFile", "~/my keys/id");
    assertThat(SshConfig.words("Match host a,b user=c"))
        .containsExactly("Match", "host", "a,b", "user=c");
    assertThat(SshConfig.words("# nothing")).isEmpty();
  }

  private SshConfig read(String alias, String text) throws IOException {
    Files.createDirectories(home.resolve(".ssh"));
    Path file = Files.writeString(home.resolve(".ssh/config"), text);
    return SshConfig.of(alias, "me", List.of(file, home.resolve("missing")), home);
  }
}
