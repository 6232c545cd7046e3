package io.teleproxy.dns;

import java.util.Optional;

/** Tells the nameservers that are to be gone by from those that a file in the making has. */
public final class NameserverChanges {
  private final NameserverSource source;
  private Nameservers current;
  private boolean sawNone;
  private boolean unsure;

  /**
   * @param current what is gone by now, from {@link NameserverSource#read}
   */
  public NameserverChanges(NameserverSource source, Nameservers current) {
    this.source = source;
    this.current = current;
  }

  /** Reads the files; the new nameservers, if they are others than when it was called last. */
  public synchronized Optional<Nameservers> look() {
    ResolvConf conf = ResolvConf.read(source.resolvConf());
    if (conf.nameservers().contains(DnsServer.OWN_ADDRESS)) {
      // That was us: an interceptor tells programs whom to ask. Who was there before still is.
      unsure = false;
      return Optional.empty();
    }
    // A file without nameservers may be one that is just being written: believe it the second time.
    boolean none = conf.nameservers().isEmpty();
    unsure = none && !sawNone;
    sawNone = none;
    if (unsure) {
      return Optional.empty();
    }
    Nameservers next = source.combine(conf, ResolvConf.read(source.systemd()));
    if (next.equals(current)) {
      return Optional.empty();
    }
    current = next;
    return Optional.of(next);
  }

  /** Whether the last look did not believe what it saw, and another one soon is needed. */
  public synchronized boolean isUnsure() {
    return unsure;
  }
}
