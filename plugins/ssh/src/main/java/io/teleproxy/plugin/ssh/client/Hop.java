package io.teleproxy.plugin.ssh.client;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One server on the way: a jump host, or at the end the server itself.
 *
 * @param alias as the user names it
 * @param host to connect to
 * @param hostKeyName under which its key is known; usually the host
 * @param user who logs in
 * @param identities files with private keys, existing or not, in the order in which they are tried
 * @param identitiesOnly whether only those keys are offered, also of what the agent has
 * @param agent socket of the agent, if there is one
 * @param knownHosts files with host keys, existing or not; new ones belong into the first
 */
public record Hop(
    String alias,
    String host,
    int port,
    String hostKeyName,
    String user,
    List<Path> identities,
    boolean identitiesOnly,
    Optional<Path> agent,
    List<Path> knownHosts) {
  public Hop {
    identities = List.copyOf(identities);
    knownHosts = List.copyOf(knownHosts);
  }

  /** As it stands in known_hosts: with its port where that is not 22. */
  String knownHostsName() {
    return port == 22 ? hostKeyName : "[" + hostKeyName + "]:" + port;
  }

  /** The ssh(1) command that leads there. */
  String command() {
    return "ssh " + (port == 22 ? "" : "-p " + port + " ") + user + "@" + alias;
  }

  /** {@code user@host:port}, for messages. */
  @Override
  public String toString() {
    return user + "@" + host + (port == 22 ? "" : ":" + port);
  }
}
