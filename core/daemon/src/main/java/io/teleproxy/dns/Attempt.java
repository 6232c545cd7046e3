package io.teleproxy.dns;

import java.net.InetSocketAddress;

/** One nameserver being asked. Confined to the exchange's event loop. */
interface Attempt {
  InetSocketAddress server();

  void begin();

  /** Idempotent; nothing is reported after it. */
  void close();
}
