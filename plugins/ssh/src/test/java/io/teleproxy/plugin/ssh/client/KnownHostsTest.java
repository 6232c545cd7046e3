package io.teleproxy.plugin.ssh.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.util.List;
import java.util.Optional;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownHostsTest {
  @TempDir private Path home;
  private PublicKey key;
  private PublicKey other;

  @BeforeEach
  void keys() throws Exception {
    SshConnector.prepare();
    KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
    key = generator.generateKeyPair().getPublic();
    other = generator.generateKeyPair().getPublic();
  }

  @Test
  void aKeyThatStandsThereIsBelieved() throws IOException {
    assertThat(check(22, "gate " + text(key))).isEmpty();
    assertThat(check(2222, "[gate]:2222 " + text(key))).isEmpty();
    assertThat(check(22, "# a comment\n\nnonsense\nother,gate " + text(key))).isEmpty();
  }

  @Test
  void aHashedNameIsAName() throws IOException {
    byte[] salt = new byte[20];
    String line =
        "|1|"
            + java.util.Base64.getEncoder().encodeToString(salt)
            + "|"
            + java.util.Base64.getEncoder().encodeToString(hmac(salt, "gate"))
            + " "
            + text(key);
    assertThat(check(22, line)).isEmpty();
    assertThat(check(2222, line)).isPresent();
  }

  @Test
  void anotherPortIsAnotherHost() throws IOException {
    assertThat(check(2222, "gate " + text(key)).orElseThrow().reason()).contains("not known");
  }

  @Test
  void anotherKeyIsRefusedWithFileAndLine() throws IOException {
    SshTrouble trouble = check(22, "# first\ngate " + text(other)).orElseThrow();
    assertThat(trouble.isLasting()).isTrue();
    assertThat(trouble.reason()).contains(home.resolve("known_hosts") + ":2");
    assertThat(trouble.remedy())
        .contains("ssh-keygen -R \"gate\" -f " + home.resolve("known_hosts"), "ssh me@gate");
  }

  @Test
  void aRevokedKeyIsRefusedWhateverElseStandsThere() throws IOException {
    assertThat(check(22, "gate " + text(key) + "\n@revoked * " + text(key)).orElseThrow().reason())
        .contains("revoked");
  }

  @Test
  void theTypesThatAreKnownAreTold() throws IOException {
    assertThat(hosts(22, "gate " + text(key)).types()).containsExactly("ssh-ed25519");
  }

  private Optional<SshTrouble> check(int port, String text) throws IOException {
    return hosts(port, text).check(key);
  }

  private KnownHosts hosts(int port, String text) throws IOException {
    Path file = Files.writeString(home.resolve("known_hosts"), text + "\n");
    return KnownHosts.of(
        new Hop(
            "gate", "gate", port, "gate", "me", List.of(), false, Optional.empty(), List.of(file)));
  }

  private static String text(PublicKey key) {
    return PublicKeyEntry.toString(key);
  }

  private static byte[] hmac(byte[] salt, String name) {
    try {
      javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA1");
      mac.init(new javax.crypto.spec.SecretKeySpec(salt, "HmacSHA1"));
      return mac.doFinal(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
