package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.InvokingUser;
import io.teleproxy.config.Mode;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** What {@code status} tells of a run: who it is, what it has, and how its parts are. */
final class Status {
  private final Instant since = Instant.now();
  private final long pid = ProcessHandle.current().pid();
  private final Mode mode;
  private final HostEnvironment environment;
  private final TableStore tables;
  private final CompletableFuture<Interception> interception;
  private final Components components;

  Status(
      Mode mode,
      HostEnvironment environment,
      TableStore tables,
      CompletableFuture<Interception> interception,
      Components components) {
    this.mode = mode;
    this.environment = environment;
    this.tables = tables;
    this.interception = interception;
    this.components = components;
  }

  /** Of all runs there ever were on this machine. */
  String instance() {
    return pid + "@" + since;
  }

  JsonObject json(boolean ready) {
    JsonObject status = new JsonObject();
    status.addProperty("ready", ready);
    status.addProperty("mode", mode.name().toLowerCase(Locale.ROOT));
    status.addProperty("user", user());
    status.addProperty("pid", pid);
    status.addProperty("since", since.toString());
    status.addProperty("instance", instance());
    Snapshot snapshot = tables.latest();
    status.addProperty("names", snapshot.nameCount());
    JsonObject counts = new JsonObject();
    snapshot.tables().forEach(table -> counts.addProperty(table.name(), table.routeCount()));
    status.add("routes", counts);
    if (interception.isDone() && !interception.isCompletedExceptionally()) {
      InterceptStatus.tell(interception.join(), status);
      NameserverHealth.report(interception.join().dns(), components);
    }
    status.add("components", components.json());
    return status;
  }

  /** Whom it serves: who called sudo, or who runs it. */
  private String user() {
    return environment
        .invoker()
        .map(InvokingUser::name)
        .orElseGet(() -> environment.variables().getOrDefault("USER", "uid " + environment.uid()));
  }
}
