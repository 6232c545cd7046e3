package io.teleproxy.plugin.ssh.client;

import java.io.IOException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.agent.SshAgent;
import org.apache.sshd.agent.SshAgentKeyConstraint;
import org.apache.sshd.common.session.SessionContext;

/** An agent of which only some keys are offered ({@code IdentitiesOnly}). */
final class ChosenKeysAgent implements SshAgent {
  private final SshAgent agent;
  private final List<PublicKey> chosen;

  ChosenKeysAgent(SshAgent agent, List<PublicKey> chosen) {
    this.agent = agent;
    this.chosen = List.copyOf(chosen);
  }

  @Override
  public Iterable<? extends Map.Entry<PublicKey, String>> getIdentities() throws IOException {
    List<Map.Entry<PublicKey, String>> offered = new ArrayList<>();
    for (Map.Entry<PublicKey, String> identity : agent.getIdentities()) {
      if (Identities.contains(chosen, identity.getKey())) {
        offered.add(identity);
      }
    }
    return offered;
  }

  @Override
  public Map.Entry<String, byte[]> sign(
      SessionContext session, PublicKey key, String algorithm, byte[] data) throws IOException {
    return agent.sign(session, key, algorithm, data);
  }

  @Override
  public void addIdentity(KeyPair key, String comment, SshAgentKeyConstraint... constraints)
      throws IOException {
    throw new IOException("the user's agent is only asked");
  }

  @Override
  public void removeIdentity(PublicKey key) throws IOException {
    throw new IOException("the user's agent is only asked");
  }

  @Override
  public void removeAllIdentities() throws IOException {
    throw new IOException("the user's agent is only asked");
  }

  @Override
  public boolean isOpen() {
    return agent.isOpen();
  }

  @Override
  public void close() throws IOException {
    agent.close();
  }
}
