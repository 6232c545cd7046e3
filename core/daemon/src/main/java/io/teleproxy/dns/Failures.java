package io.teleproxy.dns;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What to say about an exception that reached the end of a pipeline. */
final class Failures {
  private static final Logger log = LoggerFactory.getLogger(DnsServer.class);

  private Failures() {}

  /** The network's failures are everyday life; anything else is a mistake of ours. */
  static void note(Throwable cause) {
    if (cause instanceof IOException) {
      log.debug("dns: {}", cause.toString());
    } else {
      log.error("dns: internal error, one query is lost", cause);
    }
  }
}
