package io.teleproxy.net;

import com.sun.jna.LastErrorException;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets only some users of this machine in. Where the system cannot tell whose a connection is (no
 * Linux), every local user is let in. Thread-safe.
 */
public final class LocalPeers {
  private static final Logger log = LoggerFactory.getLogger(LocalPeers.class);

  private static final long ROOT = 0;
  private static final long LOAD_MILLIS = 3000;

  private final Set<Long> allowed;
  private final PeerUids uids;

  /** Loaded when somebody often asks; null until then. */
  private volatile @Nullable SocketDiag diag;

  private LocalPeers(Set<Long> allowed, PeerUids uids) {
    this.allowed = new TreeSet<>(allowed);
    this.allowed.add(ROOT);
    this.uids = uids;
  }

  /**
   * Root and these.
   *
   * @param uids user ids
   */
  public static LocalPeers of(Set<Long> uids) {
    return new LocalPeers(uids, new PeerUids());
  }

  /**
   * The same for a server that accepts connections by the thousand: in a moment, and from then on,
   * each costs microseconds.
   */
  public static LocalPeers ofMany(Set<Long> uids) {
    LocalPeers peers = of(uids);
    if (peers.uids.known()) {
      Thread loader = new Thread(peers::load, "sock-diag");
      loader.setDaemon(true);
      loader.start();
    }
    return peers;
  }

  private void load() {
    try {
      // Not while the process starts: what is loaded then has to be needed then.
      Thread.sleep(LOAD_MILLIS);
      diag = new SocketDiag();
      ProcessEnd.prepare();
    } catch (LastErrorException | LinkageError e) {
      log.debug("sock_diag cannot be used, /proc/net/tcp is read instead: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Whether the peer of an accepted connection is let in.
   *
   * @param diverted further addresses at which it may have connected, before the firewall diverted
   *     it to us
   * @param answer gets the reason against it, or empty; called on the channel's event loop
   */
  public void check(
      Channel channel, List<InetSocketAddress> diverted, Consumer<Optional<String>> answer) {
    if (!uids.known()) {
      answer.accept(Optional.empty());
      return;
    }
    SocketDiag loaded = diag;
    InetSocketAddress peer = (InetSocketAddress) channel.remoteAddress();
    List<InetSocketAddress> destinations = new ArrayList<>(diverted);
    destinations.add((InetSocketAddress) channel.localAddress());
    if (loaded != null) {
      answer.accept(
          refusal(
              destinations.stream()
                  .map(to -> loaded.uid(peer, to))
                  .filter(OptionalLong::isPresent)
                  .findFirst()
                  .orElse(OptionalLong.empty())));
      return;
    }
    uids.ask(peer, destinations, uid -> onLoop(channel, () -> answer.accept(refusal(uid))));
  }

  private static void onLoop(Channel channel, Runnable answer) {
    try {
      channel.eventLoop().execute(answer);
    } catch (RejectedExecutionException e) {
      // The event loop has ended, and with it the connection: nobody waits for the answer.
    }
  }

  private Optional<String> refusal(OptionalLong uid) {
    if (uid.isEmpty()) {
      return Optional.of("no process of this machine holds the other end of the connection");
    }
    return allowed.contains(uid.getAsLong())
        ? Optional.empty()
        : Optional.of(
            "user id "
                + uid.getAsLong()
                + " is neither root nor the owner of this teleproxy (allowed: "
                + String.join(", ", allowed.stream().map(String::valueOf).toList())
                + ")");
  }
}
