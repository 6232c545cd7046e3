package io.teleproxy.dns;

import java.security.SecureRandom;

/**
 * Message ids that nobody can guess (RFC 5452 §4.3). Safe for several threads. The generator is
 * made on first use, since it is slow to load and a start does not need it.
 */
final class RandomIds {
  private final byte[] pool = new byte[512];
  private int at = pool.length;

  synchronized int next() {
    if (at == pool.length) {
      Source.RANDOM.nextBytes(pool);
      at = 0;
    }
    int id = (pool[at] & 0xff) << 8 | (pool[at + 1] & 0xff);
    at += 2;
    return id;
  }

  private static final class Source {
    static final SecureRandom RANDOM = new SecureRandom();
  }
}
