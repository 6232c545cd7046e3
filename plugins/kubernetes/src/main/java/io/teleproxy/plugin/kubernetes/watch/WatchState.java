package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.watch.ResourceWatch.Scope;
import io.teleproxy.spi.UserException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** How the watch of one kind of objects is. Used by the session's thread only. */
final class WatchState {
  /** As in roles: {@code services}. */
  final String plural;

  /** Whether there is nothing without it; what is optional may be forbidden. */
  final boolean required;

  /** Whether there has been a list, or the insight that there will be none. */
  boolean synced;

  /** Whether the server has begun to answer: from then on only failures end the patience. */
  boolean answered;

  /** How many objects of a long list have been read, rounded; 0 where there are few. */
  int read;

  Scope scope = Scope.CLUSTER;
  boolean forbidden;

  /** Why nothing can be read at present, and since when; null while all is well. */
  @Nullable ApiException failure;

  @Nullable UserException credentials;
  @Nullable Instant since;

  WatchState(String plural, boolean required) {
    this.plural = plural;
    this.required = required;
  }

  void well() {
    failure = null;
    credentials = null;
    since = null;
    forbidden = false;
  }

  void failed(@Nullable ApiException reason, @Nullable UserException missing) {
    failure = reason;
    credentials = missing;
    since = since == null ? Instant.now() : since;
  }
}
