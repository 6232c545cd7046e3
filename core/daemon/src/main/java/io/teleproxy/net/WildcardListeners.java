package io.teleproxy.net;

import java.nio.file.Path;

/**
 * Programs that listen at all addresses of the machine, also at those that it gets later. Reads
 * proc(5) at each call.
 */
public final class WildcardListeners {
  private WildcardListeners() {}

  /**
   * Whether there is one at a port.
   *
   * @param net {@code /proc/net}
   * @param protocol {@code tcp} or {@code udp}
   */
  public static boolean listening(Path net, String protocol, int port) {
    boolean[] found = {false};
    SocketTable.read(
        net,
        protocol,
        local -> SocketTable.port(local) == port,
        row -> found[0] |= row.unbound() && (row.listening() || protocol.equals("udp")));
    return found[0];
  }
}
