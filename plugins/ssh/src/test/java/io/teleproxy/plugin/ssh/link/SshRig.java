package io.teleproxy.plugin.ssh.link;

import io.teleproxy.plugin.ssh.client.Destination;
import io.teleproxy.plugin.ssh.client.SshConnector;
import io.teleproxy.plugin.ssh.client.SshTrouble;
import io.teleproxy.spi.Health;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyEncryptionContext;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.forward.AcceptAllForwardingFilter;

/** A real SSH server in this process, a user who has a key for it, and a tunnel through it. */
final class SshRig implements AutoCloseable, SshTunnel.Watched {
  final List<Health> healths = new CopyOnWriteArrayList<>();
  final List<SshTrouble> refusals = new CopyOnWriteArrayList<>();
  final List<Map<String, String>> connections = new CopyOnWriteArrayList<>();

  private final Path home;
  private final KeyPair user;
  private KeyPair host;
  private SshServer server;
  private int port;
  private SshTunnel tunnel;

  SshRig(Path home) throws IOException, GeneralSecurityException {
    this.home = home;
    SshConnector.prepare();
    user = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    Files.createDirectories(home.resolve(".ssh"));
    writeKey(null);
    newHostKey();
    start();
    knowHost();
  }

  void newHostKey() throws GeneralSecurityException {
    host = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
  }

  void writeKey(String passphrase) throws IOException, GeneralSecurityException {
    OpenSSHKeyEncryptionContext encryption = null;
    if (passphrase != null) {
      encryption = new OpenSSHKeyEncryptionContext();
      encryption.setCipherName("AES");
      encryption.setCipherType("256");
      encryption.setCipherMode("CTR");
      encryption.setPassword(passphrase);
    }
    try (OutputStream out = Files.newOutputStream(home.resolve(".ssh/id_ed25519"))) {
      OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(user, "me", encryption, out);
    }
  }

  void start() throws IOException {
    server = SshServer.setUpDefaultServer();
    server.setHost("127.0.0.1");
    server.setPort(port);
    server.setKeyPairProvider(KeyPairProvider.wrap(host));
    server.setPublickeyAuthenticator(
        (name, key, session) -> name.equals("me") && KeyUtils.compareKeys(key, user.getPublic()));
    server.setForwardingFilter(AcceptAllForwardingFilter.INSTANCE);
    server.start();
    port = server.getPort();
  }

  void stop() throws IOException {
    server.stop(true);
  }

  void knowHost() throws IOException {
    Files.writeString(
        home.resolve(".ssh/known_hosts"),
        "[127.0.0.1]:" + port + " " + PublicKeyEntry.toString(host.getPublic()) + "\n");
  }

  void forgetHost() throws IOException {
    Files.writeString(home.resolve(".ssh/known_hosts"), "");
  }

  int sessions() {
    return server.getActiveSessions().size();
  }

  /** Cuts the connections of all clients. */
  void cut() {
    server.getActiveSessions().forEach(session -> session.close(true));
  }

  SshTunnel open() {
    return open(Duration.ofSeconds(20));
  }

  SshTunnel open(Duration dialTimeout) {
    Destination destination =
        new Destination(
            new TestEnvironment(Map.of("HOME", home.toString(), "USER", "me"), Map.of()),
            Optional.of(home.resolve(".ssh/config")),
            List.of());
    tunnel =
        new SshTunnel(
            new SshConnector(destination.hops("me@127.0.0.1:" + port)), dialTimeout, this);
    return tunnel;
  }

  int port() {
    return port;
  }

  @Override
  public void health(Health health) {
    healths.add(health);
  }

  @Override
  public void connected(Map<String, String> details) {
    connections.add(details);
  }

  @Override
  public void refused(SshTrouble trouble) {
    refusals.add(trouble);
  }

  @Override
  public void close() throws IOException {
    if (tunnel != null) {
      tunnel.close();
    }
    stop();
  }
}
