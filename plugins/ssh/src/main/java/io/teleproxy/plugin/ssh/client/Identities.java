package io.teleproxy.plugin.ssh.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.sshd.agent.SshAgent;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.apache.sshd.common.util.io.resource.PathResource;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The keys with which a hop may be convinced: those of its files, and those of the agent. */
final class Identities {
  private static final Logger log = LoggerFactory.getLogger(Identities.class);

  private final Hop hop;

  /** What became of each file and of the agent, for whoever is refused. */
  private final List<String> report = new ArrayList<>();

  private final List<KeyPair> keys = new ArrayList<>();

  private boolean encrypted;

  private Identities(Hop hop) {
    this.hop = hop;
  }

  /** Reads the files. */
  static Identities of(Hop hop) {
    Identities identities = new Identities(hop);
    for (Path file : hop.identities()) {
      if (Files.exists(file)) {
        identities.read(file);
      }
    }
    return identities;
  }

  private void read(Path file) {
    try (InputStream input = Files.newInputStream(file)) {
      Iterable<KeyPair> found =
          SecurityUtils.loadKeyPairIdentities(null, new PathResource(file), input, null);
      if (found != null) {
        found.forEach(keys::add);
      }
      report.add(file + " was tried");
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      log.debug("ssh: {}: {}", file, e.toString());
      // What the library says of a passphrase that nobody gives depends on the format.
      boolean passphrase = String.valueOf(e).matches("(?is).*(password|passphrase|encrypt).*");
      encrypted |= passphrase;
      report.add(file + (passphrase ? " has a passphrase" : " cannot be read: " + e.getMessage()));
    }
  }

  /** The keys of the files that can be used. */
  List<KeyPair> keys() {
    return List.copyOf(keys);
  }

  /** The agent, if there is one and it has keys that may be offered. */
  Optional<SshAgent> agent() {
    if (hop.agent().isEmpty()) {
      report.add("there is no agent (SSH_AUTH_SOCK is not set)");
      return Optional.empty();
    }
    Path socket = hop.agent().get();
    try {
      AgentSocket agent = AgentSocket.connect(socket);
      int count = 0;
      for (Map.Entry<PublicKey, String> ignored : agent.getIdentities()) {
        count++;
      }
      report.add("the agent at " + socket + " has " + count + (count == 1 ? " key" : " keys"));
      return Optional.of(hop.identitiesOnly() ? new ChosenKeysAgent(agent, chosen()) : agent);
    } catch (IOException | RuntimeException e) {
      report.add("the agent at " + socket + " does not answer: " + e.getMessage());
      return Optional.empty();
    }
  }

  /** The public halves of the named files: beside those that need a passphrase lies a .pub. */
  private List<PublicKey> chosen() {
    List<PublicKey> chosen = new ArrayList<>();
    keys.forEach(pair -> chosen.add(pair.getPublic()));
    for (Path file : hop.identities()) {
      Path half = file.resolveSibling(file.getFileName() + ".pub");
      for (Path one : List.of(file, half)) {
        try {
          for (AuthorizedKeyEntry entry : AuthorizedKeyEntry.readAuthorizedKeys(one)) {
            chosen.add(entry.resolvePublicKey(null, PublicKeyEntryResolver.IGNORING));
          }
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
          // not there, or no public key
        }
      }
    }
    chosen.removeIf(key -> key == null);
    return chosen;
  }

  static boolean contains(List<PublicKey> keys, PublicKey key) {
    return keys.stream().anyMatch(one -> KeyUtils.compareKeys(one, key));
  }

  /** What was tried, in one line. */
  String report() {
    return report.isEmpty() ? "there are no keys" : String.join("; ", report);
  }

  /** What to do when none was good enough. */
  String remedy() {
    String first =
        encrypted
            ? "Give keys with a passphrase to your agent (ssh-add), which must be there as"
                + " SSH_AUTH_SOCK when sudo is called. "
            : "";
    return first + "'" + hop.command() + "' as yourself must log in without asking for anything.";
  }
}
