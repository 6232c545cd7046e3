package io.teleproxy.plugin.ssh.client;

import io.teleproxy.spi.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.sshd.client.config.hosts.KnownHostEntry;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;

/**
 * What the known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) say of one server; read anew
 * for each connection. Nothing is ever added to them: whoever is not there is refused, whatever
 * {@code StrictHostKeyChecking} says. Lines with {@code @cert-authority} are not used.
 */
final class KnownHosts {
  /** A line about our host. */
  private record Line(Path file, int number, String marker, String type, Optional<PublicKey> key) {}

  private final Hop hop;
  private final List<Line> lines;

  private KnownHosts(Hop hop, List<Line> lines) {
    this.hop = hop;
    this.lines = List.copyOf(lines);
  }

  static KnownHosts of(Hop hop) {
    List<Line> lines = new ArrayList<>();
    for (Path file : hop.knownHosts()) {
      if (Files.isRegularFile(file)) {
        try {
          read(hop, file, lines);
        } catch (IOException e) {
          // An unreadable file knows nobody.
        }
      }
    }
    return new KnownHosts(hop, lines);
  }

  private static void read(Hop hop, Path file, List<Line> lines) throws IOException {
    int number = 0;
    for (String text : Files.readAllLines(file)) {
      number++;
      try {
        KnownHostEntry entry = KnownHostEntry.parseKnownHostEntry(text);
        if (entry == null || !entry.isHostMatch(hop.hostKeyName(), hop.port())) {
          continue;
        }
        AuthorizedKeyEntry key = entry.getKeyEntry();
        String marker = entry.getMarker() == null ? "" : entry.getMarker();
        lines.add(new Line(file, number, marker, key.getKeyType(), key(key)));
      } catch (RuntimeException e) {
        // A line that makes no sense says nothing, as with ssh(1).
      }
    }
  }

  private static Optional<PublicKey> key(AuthorizedKeyEntry entry) {
    try {
      return Optional.ofNullable(entry.resolvePublicKey(null, PublicKeyEntryResolver.IGNORING));
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Types of keys that are known; the server is asked for one of them first. */
  Set<String> types() {
    Set<String> types = new LinkedHashSet<>();
    for (Line line : lines) {
      if (line.marker().isEmpty()) {
        types.add(line.type());
      }
    }
    return types;
  }

  /** Why the key is not believed; empty if it is. */
  Optional<SshTrouble> check(PublicKey key) {
    String shown = KeyUtils.getKeyType(key) + " " + KeyUtils.getFingerPrint(key);
    Optional<Line> other = Optional.empty();
    boolean known = false;
    for (Line line : lines) {
      boolean same = line.key().filter(one -> KeyUtils.compareKeys(one, key)).isPresent();
      if (line.marker().equals("revoked") && same) {
        return Optional.of(
            SshTrouble.lasting(
                Cause.SSH_HOST_KEY_REFUSED,
                "the host key of "
                    + hop
                    + " is revoked ("
                    + line.file()
                    + ":"
                    + line.number()
                    + ")",
                "Do not connect there: somebody else may have this key."));
      }
      if (line.marker().isEmpty()) {
        known |= same;
        other = other.isEmpty() ? Optional.of(line) : other;
      }
    }
    if (known) {
      return Optional.empty();
    }
    return Optional.of(other.map(line -> changed(line, shown)).orElseGet(() -> unknown(shown)));
  }

  private SshTrouble unknown(String shown) {
    return SshTrouble.lasting(
        Cause.SSH_HOST_KEY_REFUSED,
        "the host key of " + hop + " is not known (" + shown + ")",
        "As yourself, run '"
            + hop.command()
            + "' once: it asks whether this is the right key, and notes it in "
            + hop.knownHosts().stream().findFirst().map(Path::toString).orElse("known_hosts")
            + ".");
  }

  private SshTrouble changed(Line line, String shown) {
    return SshTrouble.lasting(
        Cause.SSH_HOST_KEY_REFUSED,
        "the host key of "
            + hop
            + " is not the one in "
            + line.file()
            + ":"
            + line.number()
            + " (it shows "
            + shown
            + "): it has been changed, or somebody is in between",
        "If you know why: 'ssh-keygen -R \""
            + hop.knownHostsName()
            + "\" -f "
            + line.file()
            + "', then '"
            + hop.command()
            + "' once.");
  }
}
