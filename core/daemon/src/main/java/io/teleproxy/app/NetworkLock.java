package io.teleproxy.app;

import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Held by the one process that intercepts in a network namespace. Rules belong to the namespace and
 * not to a runtime folder, so the lock is a thing of the namespace too: a listening socket, which
 * the kernel takes back however the process ends. Nobody needs to connect to it.
 */
final class NetworkLock implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NetworkLock.class);

  /** Our own loopback address; a privileged port, so that only root can take it. */
  private static final InetSocketAddress PLACE =
      new InetSocketAddress(Prefix.parseAddress("127.254.254.254"), 1);

  private final ServerSocket socket;

  private NetworkLock(ServerSocket socket) {
    this.socket = socket;
  }

  /**
   * Takes the lock.
   *
   * @throws UserException if another process holds it
   */
  static NetworkLock take() throws IOException {
    ServerSocket socket = new ServerSocket();
    try {
      socket.bind(PLACE, 1);
    } catch (BindException e) {
      socket.close();
      if (String.valueOf(e.getMessage()).contains("in use")) {
        throw new UserException(
            "another teleproxy intercepts in this network already: "
                + PLACE.getAddress().getHostAddress()
                + ":"
                + PLACE.getPort()
                + " is taken",
            "Stop it first; 'curl http://teleproxy/api/status' asks it who it is.",
            e);
      }
      // No such address (macOS without an alias): the runtime folder's lock must do.
      log.debug("no lock at {}", PLACE, e);
    }
    return new NetworkLock(socket);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
