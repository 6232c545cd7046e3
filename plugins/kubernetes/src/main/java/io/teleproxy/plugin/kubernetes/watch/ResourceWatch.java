package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.api.ApiException.Kind;
import io.teleproxy.plugin.kubernetes.api.Failures;
import io.teleproxy.plugin.kubernetes.api.JsonStream;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Follows one kind of objects on a thread of its own: list, then watch from there on, again and
 * again from where it stopped. Where the whole cluster may not be read it is content with one
 * namespace, where an API version is not served it takes the next.
 */
final class ResourceWatch<T> implements Runnable {
  /** What is told; called by the watch's thread, must not block. */
  interface Sink<T> {
    /** The server has begun to answer. */
    void answered();

    /** So many have been read, and there are more. */
    void reading(int objects);

    /** These objects, by key, are all there are. */
    void listed(Map<String, T> objects, Scope scope);

    /** This object is new or has changed, or is gone. */
    void changed(String key, @Nullable T object);

    /** The server answers again after {@link #failed}. */
    void following();

    /** No reading is possible now; it is tried again. */
    void failed(ApiException reason);

    /** There are no credentials to read with; it is tried again. */
    void failed(UserException reason);

    /** It may not be read in any scope or version; it is tried again, seldom. */
    void forbidden(ApiException reason);
  }

  /**
   * What is read.
   *
   * @param namespace the one namespace that may be read, or empty for all
   * @param denial why not all, in the server's words; empty if all
   */
  record Scope(Optional<String> namespace, String denial) {
    static final Scope CLUSTER = new Scope(Optional.empty(), "");
  }

  /** The server ends a watch after that time, give or take a half; no more than a safeguard. */
  private static final int WATCH_SECONDS = 300;

  /** A watch that ends sooner counts as a failure, or a broken server would keep us spinning. */
  private static final long SHORT_WATCH_NANOS = 1_000_000_000;

  /** How often a kind that may not be read is tried again: rights may have been granted. */
  private static final Duration FORBIDDEN_RETRY = Duration.ofSeconds(60);

  /** A list so long takes a while, and every so often it is said how far it is. */
  private static final int MANY = 1000;

  private static final Fields BOOKMARK = Fields.of("metadata.resourceVersion", "code", "message");

  private final List<Resource<T>> versions;
  private final String namespace;
  private final ApiClient api;
  private final Sink<T> sink;
  private final Backoff backoff = new Backoff();
  private final Semaphore again = new Semaphore(0);

  private int version;
  private Scope scope = Scope.CLUSTER;
  private @Nullable ApiException denied;

  /** Where the next watch begins; null if everything has to be listed first. */
  private @Nullable String position;

  /** The last list was found outdated: the next one must not come from the server's cache. */
  private boolean fresh;

  ResourceWatch(List<Resource<T>> versions, String namespace, ApiClient api, Sink<T> sink) {
    this.versions = versions;
    this.namespace = namespace;
    this.api = api;
    this.sink = sink;
  }

  /** Follows until the client is closed; an interrupt only ends a wait. */
  @Override
  public void run() {
    while (!api.isClosed()) {
      try {
        if (again.tryAcquire(round().toMillis(), TimeUnit.MILLISECONDS)) {
          again.drainPermits();
        }
      } catch (InterruptedException e) {
        // closed, or else to be gone on with
      }
    }
  }

  /**
   * What has failed may work now: does not wait any longer before it is tried again. Any thread.
   */
  void goOn() {
    again.release();
  }

  /** One list and watch, or what is left of it; says how long to wait before the next. */
  private Duration round() throws InterruptedException {
    try {
      if (position == null) {
        list();
      }
      return watch() ? Duration.ZERO : backoff.next();
    } catch (ApiException e) {
      return after(e);
    } catch (UserException e) {
      sink.failed(e);
      return backoff.next();
    } catch (IOException e) {
      return after(new ApiException(Kind.UNREACHABLE, Failures.text(e), e));
    }
  }

  private Duration after(ApiException e) {
    switch (e.kind()) {
      case GONE -> {
        fresh = position == null || fresh;
        position = null;
        return fresh ? backoff.next() : Duration.ZERO;
      }
      case NOT_FOUND -> {
        position = null;
        if (version + 1 < versions.size()) {
          version++;
          return Duration.ZERO;
        }
      }
      case FORBIDDEN -> {
        position = null;
        return narrow(e);
      }
      default -> {
        // tried again from the same position
      }
    }
    if (again.tryAcquire()) {
      // The machine has moved: what broke by that is no news before it was tried from there.
      again.drainPermits();
      return Duration.ZERO;
    }
    sink.failed(e);
    return e.kind() == Kind.UNREACHABLE ? backoff.nextUnreached() : backoff.next();
  }

  /** After a 403: one namespace instead of all, then the next version, then resignation. */
  private Duration narrow(ApiException e) {
    ApiException first = denied == null ? e : denied;
    denied = first;
    if (versions.get(version).namespaced() && scope.namespace().isEmpty()) {
      scope = new Scope(Optional.of(namespace), e.text());
      return Duration.ZERO;
    }
    scope = Scope.CLUSTER;
    // Other versions of the same group are forbidden as well: only another kind helps.
    String plural = versions.get(version).plural();
    for (int next = version + 1; next < versions.size(); next++) {
      if (!versions.get(next).plural().equals(plural)) {
        version = next;
        return Duration.ZERO;
      }
    }
    version = 0;
    denied = null;
    sink.forbidden(first);
    return FORBIDDEN_RETRY;
  }

  private void list() throws IOException, InterruptedException {
    Resource<T> resource = versions.get(version);
    // Version 0 is served from the API server's memory, and may be a little old: the watch that
    // follows catches up.
    String query = fresh ? "" : "?resourceVersion=0";
    Map<String, T> objects = new HashMap<>();
    try (ApiClient.Body body = api.get(resource.path(scope.namespace()) + query);
        JsonStream json = new JsonStream(body.stream())) {
      sink.answered();
      position =
          json.list(
              resource.fields(),
              object -> {
                objects.put(resource.key(object), resource.view().apply(object));
                if (objects.size() % MANY == 0) {
                  sink.reading(objects.size());
                }
              });
    }
    fresh = false;
    sink.listed(objects, scope);
  }

  /**
   * Follows until the server ends it, or it breaks.
   *
   * @return whether it was a good one; one that breaks after that is a first failure
   */
  private boolean watch() throws IOException, InterruptedException {
    Resource<T> resource = versions.get(version);
    int seconds = WATCH_SECONDS + ThreadLocalRandom.current().nextInt(WATCH_SECONDS / 2);
    String path =
        resource.path(scope.namespace())
            + "?watch=1&allowWatchBookmarks=true&timeoutSeconds="
            + seconds
            + "&resourceVersion="
            + position;
    try (ApiClient.Body body = api.get(path);
        JsonStream json = new JsonStream(body.stream())) {
      sink.following();
      long start = System.nanoTime();
      Fields wanted = Fields.event(resource.fields(), BOOKMARK);
      try {
        for (Json event = json.next(wanted); event != null; event = json.next(wanted)) {
          apply(resource, event.text("type"), event.object("object"));
        }
      } finally {
        if (System.nanoTime() - start > SHORT_WATCH_NANOS) {
          backoff.reset();
        }
      }
      return System.nanoTime() - start > SHORT_WATCH_NANOS;
    }
  }

  private void apply(Resource<T> resource, String type, Json object) throws ApiException {
    switch (type) {
      case "ADDED", "MODIFIED" -> sink.changed(resource.key(object), resource.view().apply(object));
      case "DELETED" -> sink.changed(resource.key(object), null);
      case "ERROR" ->
          throw new ApiException(
              ApiException.kindOf(object.number("code")), object.text("message"));
      default -> {
        // BOOKMARK: nothing but a new position
      }
    }
    String at = object.object("metadata").text("resourceVersion");
    if (!at.isEmpty()) {
      position = at;
    }
  }
}
