package io.teleproxy.plugin.ssh.client;

import io.teleproxy.spi.Cause;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.sshd.agent.SshAgent;
import org.apache.sshd.agent.SshAgentFactory;
import org.apache.sshd.agent.SshAgentServer;
import org.apache.sshd.client.ClientBuilder;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.client.session.forward.ExplicitPortForwardingTracker;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.io.nio2.Nio2ServiceFactoryFactory;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.util.net.SshdSocketAddress;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes connections to one server, over jump hosts where there are any. Thread-safe. */
public final class SshConnector implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SshConnector.class);

  /** Before the kernel's own pauses between attempts get long. */
  private static final Duration CONNECT = Duration.ofMillis(2_500);

  /** Key exchange and authentication, on a slow link or a busy server. */
  private static final Duration LOG_IN = Duration.ofSeconds(15);

  /** Which server a session of the library leads to, and what became of its key and of ours. */
  private record Attempt(Hop hop, Identities identities, AtomicReference<SshTrouble> refused) {
    static final AttributeRepository.AttributeKey<Attempt> KEY =
        new AttributeRepository.AttributeKey<>();

    static Optional<Attempt> of(Session session) {
      AttributeRepository context = ((ClientSession) session).getConnectionContext();
      return context == null ? Optional.empty() : Optional.ofNullable(context.getAttribute(KEY));
    }
  }

  private final List<Hop> hops;
  private final SshClient client;

  public SshConnector(List<Hop> hops) {
    this.hops = List.copyOf(hops);
    prepare();
    this.client = client();
    client.start();
  }

  /** Teaches the library, whose keys are static, what it does not know by itself. */
  public static void prepare() {
    JdkEd25519.register();
  }

  private static SshClient client() {
    ClientBuilder builder = ClientBuilder.builder();
    builder
        .keyExchangeFactories(Proposal.keyExchanges())
        .cipherFactories(Proposal.ciphers())
        .macFactories(Proposal.macs())
        .signatureFactories(Proposal.signatures());
    SshClient client =
        builder
            .serverKeyVerifier((session, address, key) -> verify(session, key))
            .hostConfigEntryResolver(HostConfigEntryResolver.EMPTY)
            .build(true);
    client.setIoServiceFactoryFactory(new Nio2ServiceFactoryFactory());
    client.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
    client.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
    client.setAgentFactory(new OurAgents());
    client.addSessionListener(new KnownTypesFirst());
    CoreModuleProperties.IO_CONNECT_TIMEOUT.set(client, CONNECT);
    CoreModuleProperties.AUTH_TIMEOUT.set(client, LOG_IN);
    CoreModuleProperties.IDLE_TIMEOUT.set(client, Duration.ZERO);
    CoreModuleProperties.TCP_NODELAY.set(client, true);
    // Larger ones cost more than they save: what lies behind a packet is moved when it is done.
    CoreModuleProperties.NIO2_READ_BUFFER_SIZE.set(client, 64 << 10);
    CoreModuleProperties.REKEY_TIME_LIMIT.set(client, Duration.ofHours(1));
    // RFC 4344 §3.2 lets AES have 2^32 packets and 2^64 bytes; OpenSSH does as much between two.
    CoreModuleProperties.REKEY_BYTES_LIMIT.set(client, 32L << 30);
    // Not for us: it is what hides the lengths of keystrokes.
    CoreModuleProperties.IGNORE_MESSAGE_FREQUENCY.set(client, 0L);
    return client;
  }

  /** Where it leads. */
  public Hop server() {
    return hops.get(hops.size() - 1);
  }

  /** The jump hosts on the way, as text. */
  public String way() {
    List<String> names = new ArrayList<>();
    hops.subList(0, hops.size() - 1).forEach(hop -> names.add(hop.toString()));
    return String.join(", ", names);
  }

  /**
   * Connects and logs in. Blocks for as long as this takes.
   *
   * @throws SshTrouble if there is no way now
   */
  public ClientSession connect() throws SshTrouble {
    ClientSession before = null;
    try {
      for (Hop hop : hops) {
        ClientSession via = before;
        ClientSession session = connect(hop, via);
        if (via != null) {
          session.addCloseFutureListener(closed -> via.close(true));
          via.addCloseFutureListener(closed -> session.close(true));
        }
        before = session;
      }
    } catch (SshTrouble e) {
      if (before != null) {
        before.close(true);
      }
      throw e;
    }
    if (before == null) {
      throw new IllegalStateException("no server to connect to");
    }
    return before;
  }

  private ClientSession connect(Hop hop, @Nullable ClientSession via) throws SshTrouble {
    Attempt attempt = new Attempt(hop, Identities.of(hop), new AtomicReference<>());
    ClientSession session = null;
    try {
      session =
          via == null
              ? session(attempt, new InetSocketAddress(hop.host(), hop.port()))
              : sessionOver(via, attempt);
      session.setKeyIdentityProvider(context -> attempt.identities().keys());
      session.auth().verify(LOG_IN);
      return session;
    } catch (IOException | RuntimeException e) {
      log.debug("ssh: {}", hop, e);
      if (session != null) {
        session.close(true);
      }
      SshTrouble refused = attempt.refused().get();
      throw refused != null ? refused : trouble(attempt, session != null, e);
    }
  }

  private ClientSession session(Attempt attempt, InetSocketAddress address) throws IOException {
    return client
        .connect(
            attempt.hop().user(),
            address,
            AttributeRepository.ofKeyValuePair(Attempt.KEY, attempt),
            null)
        .verify(CONNECT.plusSeconds(1))
        .getSession();
  }

  /** Through a port on loopback, which is closed again as soon as we have connected to it. */
  private ClientSession sessionOver(ClientSession via, Attempt attempt) throws IOException {
    Hop hop = attempt.hop();
    try (ExplicitPortForwardingTracker forwarded =
        via.createLocalPortForwardingTracker(
            SshdSocketAddress.LOCALHOST_ADDRESS, new SshdSocketAddress(hop.host(), hop.port()))) {
      ClientSession session = session(attempt, forwarded.getBoundAddress().toInetSocketAddress());
      // The port serves whoever connects: it may only go when the server has answered us.
      session.waitFor(
          EnumSet.of(
              ClientSession.ClientSessionEvent.WAIT_AUTH, ClientSession.ClientSessionEvent.CLOSED),
          LOG_IN);
      return session;
    }
  }

  private static SshTrouble trouble(Attempt attempt, boolean connected, Throwable failure) {
    Hop hop = attempt.hop();
    if (!connected) {
      return unreachable(hop, failure);
    }
    String message = String.valueOf(failure.getMessage());
    if (message.contains("No more authentication methods")
        || message.contains("Too many authentication failures")) {
      return SshTrouble.lasting(
          Cause.SSH_LOGIN_REFUSED,
          hop + " lets us in with none of our keys (" + attempt.identities().report() + ")",
          attempt.identities().remedy());
    }
    return SshTrouble.passing(
        Cause.SSH_SERVER_UNREACHABLE,
        hop + " does not go through with the login: " + message,
        "Try '" + hop.command() + "'.",
        failure);
  }

  private static SshTrouble unreachable(Hop hop, Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    boolean nameless =
        root instanceof UnknownHostException || root instanceof UnresolvedAddressException;
    String why =
        nameless
            ? "its name does not resolve"
            : root instanceof ConnectException
                ? String.valueOf(root.getMessage())
                : root.getClass().getSimpleName().contains("Timeout")
                    ? "no answer"
                    : String.valueOf(root.getMessage());
    return SshTrouble.passing(
        Cause.SSH_SERVER_UNREACHABLE,
        hop + " cannot be reached: " + why,
        "It is tried again and again. See whether '" + hop.command() + "' gets there.",
        failure);
  }

  private static boolean verify(ClientSession session, PublicKey key) {
    Optional<Attempt> attempt = Attempt.of(session);
    if (attempt.isEmpty()) {
      return false;
    }
    Optional<SshTrouble> trouble = KnownHosts.of(attempt.get().hop()).check(key);
    trouble.ifPresent(attempt.get().refused()::set);
    return trouble.isEmpty();
  }

  /** The keys of the hop's agent. */
  private static final class OurAgents implements SshAgentFactory {
    @Override
    public List<ChannelFactory> getChannelForwardingFactories(FactoryManager manager) {
      return List.of();
    }

    @Override
    @SuppressWarnings("NullAway") // null means none
    public SshAgent createClient(Session session, FactoryManager manager) {
      return Attempt.of(session).flatMap(attempt -> attempt.identities().agent()).orElse(null);
    }

    @Override
    public SshAgentServer createServer(ConnectionService service) throws IOException {
      throw new IOException("agents are not forwarded");
    }
  }

  /** Asks a server for a key of a type that we know of it. */
  private static final class KnownTypesFirst implements SessionListener {
    @Override
    public void sessionNegotiationOptionsCreated(
        Session session, Map<KexProposalOption, String> proposal) {
      Optional<Attempt> attempt = Attempt.of(session);
      String offered = proposal.get(KexProposalOption.SERVERKEYS);
      if (attempt.isPresent() && offered != null) {
        Set<String> types = KnownHosts.of(attempt.get().hop()).types();
        Set<String> ordered = new LinkedHashSet<>();
        for (String one : offered.split(",")) {
          if (types.contains(one) || (one.startsWith("rsa-sha2") && types.contains("ssh-rsa"))) {
            ordered.add(one);
          }
        }
        ordered.addAll(List.of(offered.split(",")));
        proposal.put(KexProposalOption.SERVERKEYS, String.join(",", ordered));
      }
    }
  }

  @Override
  public void close() {
    client.close(true);
  }
}
