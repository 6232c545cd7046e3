package io.teleproxy.dns;

import java.net.InetAddress;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Sees to it that addresses are intercepted before a name is answered with them, where not all can
 * be at the same time. Thread-safe; nothing blocks.
 */
public interface AddressAdmission {
  /** All of them are, always. */
  AddressAdmission ALWAYS =
      new AddressAdmission() {
        @Override
        public boolean admitted(Collection<InetAddress> addresses) {
          return true;
        }

        @Override
        public CompletionStage<Void> admit(Collection<InetAddress> addresses) {
          return CompletableFuture.completedFuture(null);
        }
      };

  /** Whether all of these may be told now; counts as a use of them. */
  boolean admitted(Collection<InetAddress> addresses);

  /** Completes when as many of these are intercepted as can be; fails if the firewall refuses. */
  CompletionStage<Void> admit(Collection<InetAddress> addresses);
}
