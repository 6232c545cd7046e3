package io.teleproxy.plugin.docker;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Follows one engine until its connection ends: listens to events, reads the list once, and reads
 * each container that is listed or has changed. All of it on the event loop.
 */
final class EngineFollower implements EngineApi.EventListener, AutoCloseable {
  /** Containers that are read at the same time. */
  private static final int AT_ONCE = 4;

  /** What follows of it; on the event loop. */
  interface Owner {
    /** The containers have been read for the first time, or have changed. */
    void changed(EngineFollower follower);

    /** It is over; nothing comes after it. */
    void ended(EngineFollower follower, Throwable reason);
  }

  private final EngineApi api;
  private final EventLoop loop;
  private final Owner owner;
  private final TreeMap<String, ContainerView> containers = new TreeMap<>();
  private final Set<String> waiting = new LinkedHashSet<>();
  private final Set<String> asked = new HashSet<>();
  private @Nullable Channel events;
  private boolean listed;
  private boolean read;
  private boolean over;

  EngineFollower(EngineApi api, EventLoop loop, Owner owner) {
    this.api = api;
    this.loop = loop;
    this.owner = owner;
  }

  void start() {
    events = api.events(this);
  }

  /** What runs, in the order of ids. */
  Collection<ContainerView> containers() {
    return List.copyOf(containers.values());
  }

  /** Whether all that was running at the beginning has been read. */
  boolean isRead() {
    return read;
  }

  @Override
  public void opened() {
    api.get("/containers/json")
        .whenComplete(
            (list, failure) -> {
              if (failure != null) {
                end(failure);
                return;
              }
              waiting.addAll(ContainerJson.ids(list));
              listed = true;
              next();
            });
  }

  @Override
  public void event(JsonObject event) {
    String id = ContainerJson.changed(event);
    if (!id.isEmpty()) {
      waiting.add(id);
      next();
    }
  }

  @Override
  public void ended(Throwable reason) {
    end(reason);
  }

  @Override
  public void close() {
    over = true;
    Channel open = events;
    if (open != null) {
      open.close();
    }
  }

  private void next() {
    ArrayDeque<String> free = new ArrayDeque<>(waiting);
    // One that is being read is read once more afterwards: it may have changed meanwhile.
    free.removeIf(asked::contains);
    while (asked.size() < AT_ONCE && !free.isEmpty()) {
      String id = free.remove();
      waiting.remove(id);
      asked.add(id);
      api.get("/containers/" + id + "/json")
          .whenComplete((container, failure) -> answered(id, container, failure));
    }
    if (listed && !read && asked.isEmpty() && waiting.isEmpty()) {
      read = true;
      owner.changed(this);
    }
  }

  private void answered(String id, @Nullable JsonElement container, @Nullable Throwable failure) {
    if (over) {
      return;
    }
    asked.remove(id);
    boolean gone = failure instanceof EngineApi.Refused refused && refused.status() == 404;
    if (failure != null && !gone) {
      end(failure);
      return;
    }
    ContainerView now = gone || container == null ? null : ContainerJson.read(container);
    ContainerView before = now == null ? containers.remove(id) : containers.put(id, now);
    if (read && (now == null ? before != null : !now.equals(before))) {
      owner.changed(this);
    }
    next();
  }

  private void end(Throwable failure) {
    if (over) {
      return;
    }
    close();
    Throwable reason =
        failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
    loop.execute(() -> owner.ended(this, reason));
  }
}
