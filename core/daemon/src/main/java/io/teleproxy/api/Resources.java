package io.teleproxy.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.TableJson;
import io.teleproxy.tables.TablePatch;
import io.teleproxy.tables.TableStore;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** The API's resources: from method, path and body to a reply, without HTTP around it. */
final class Resources {
  /** The table of our own names; it cannot be replaced. */
  static final String BOOTSTRAP = "bootstrap";

  private static final String TABLES = "/api/tables";

  private final TableStore tables;
  private final Daemon daemon;

  Resources(TableStore tables, Daemon daemon) {
    this.tables = tables;
    this.daemon = daemon;
  }

  CompletionStage<Reply> handle(String method, String uri, String body) {
    int query = uri.indexOf('?');
    String path = query < 0 ? uri : uri.substring(0, query);
    while (path.endsWith("/")) {
      path = path.substring(0, path.length() - 1);
    }
    try {
      if (path.equals(TABLES)) {
        return allTables(method, body);
      }
      if (path.startsWith(TABLES + "/")) {
        return oneTable(
            method,
            URLDecoder.decode(path.substring(TABLES.length() + 1), StandardCharsets.UTF_8),
            body);
      }
      return switch (path) {
        case "/api/search" -> search(method, body);
        case "/api/status" ->
            method.equals("GET") ? done(Reply.ok(daemon.status())) : notAllowed("GET");
        case "/api/bridge" -> bridge(method, body);
        case "/api/shutdown" -> shutdown(method);
        default ->
            done(
                Reply.error(
                    404,
                    path
                        + ": no such resource (there are /api/tables/, /api/tables/NAME,"
                        + " /api/search, /api/status, /api/shutdown)"));
      };
    } catch (IllegalArgumentException e) {
      return done(Reply.error(400, String.valueOf(e.getMessage())));
    }
  }

  private CompletionStage<Reply> allTables(String method, String body) {
    return switch (method) {
      case "GET" -> done(Reply.ok(TableJson.write(tables.latest().tables())));
      case "POST" -> put(TableJson.read(body));
      default -> notAllowed("GET, POST");
    };
  }

  private CompletionStage<Reply> oneTable(String method, String name, String body) {
    return switch (method) {
      case "GET" ->
          done(
              tables
                  .latest()
                  .table(name)
                  .map(table -> Reply.ok(TableJson.write(table)))
                  .orElseGet(() -> noTable(name)));
      case "POST" -> {
        List<Table> posted = TableJson.read(body);
        if (posted.size() != 1 || !posted.get(0).name().equals(name)) {
          throw new IllegalArgumentException(
              "expected: one table with the name '" + name + "', as in the path");
        }
        yield put(posted);
      }
      case "PATCH" -> patch(name, TablePatch.read(body));
      case "DELETE" -> delete(name);
      default -> notAllowed("GET, POST, PATCH, DELETE");
    };
  }

  private CompletionStage<Reply> patch(String name, TablePatch patch) {
    if (name.equals(BOOTSTRAP)) {
      return done(reserved());
    }
    return tables.patch(name, patch) ? applied() : done(noTable(name));
  }

  private CompletionStage<Reply> delete(String name) {
    if (name.equals(BOOTSTRAP)) {
      return done(reserved());
    }
    if (tables.latest().table(name).isEmpty()) {
      return done(noTable(name));
    }
    tables.remove(name);
    return applied();
  }

  private CompletionStage<Reply> put(List<Table> posted) {
    if (posted.stream().anyMatch(table -> table.name().equals(BOOTSTRAP))) {
      return done(reserved());
    }
    tables.put(posted);
    return applied();
  }

  private CompletionStage<Reply> search(String method, String body) {
    return switch (method) {
      case "GET" -> {
        JsonArray search = new JsonArray();
        tables.latest().search().forEach(search::add);
        yield done(Reply.ok(search));
      }
      case "POST" -> {
        tables.search(TableJson.readStrings(body));
        yield applied();
      }
      default -> notAllowed("GET, POST");
    };
  }

  private CompletionStage<Reply> shutdown(String method) {
    if (!method.equals("GET") && !method.equals("POST")) {
      return notAllowed("GET, POST");
    }
    JsonObject body = new JsonObject();
    body.addProperty("stopping", true);
    return done(Reply.ok(body));
  }

  private CompletionStage<Reply> bridge(String method, String body) {
    if (!method.equals("POST")) {
      return notAllowed("POST");
    }
    try {
      return done(Reply.ok(daemon.bridge(JsonParser.parseString(body).getAsJsonObject())));
    } catch (IllegalStateException e) {
      return done(Reply.error(409, String.valueOf(e.getMessage())));
    } catch (JsonParseException | NullPointerException | DateTimeException e) {
      throw new IllegalArgumentException("not what a bridge says: " + e.getMessage(), e);
    }
  }

  private CompletionStage<Reply> applied() {
    return daemon
        .applied()
        .toCompletableFuture()
        .copy()
        .orTimeout(10, TimeUnit.SECONDS)
        .handle(
            (nothing, failure) -> {
              if (failure == null) {
                JsonObject body = new JsonObject();
                body.addProperty("applied", true);
                return Reply.ok(body);
              }
              Throwable cause = failure.getCause() == null ? failure : failure.getCause();
              return Reply.error(
                  500,
                  "accepted, but not carried out yet: "
                      + (cause.getMessage() == null ? cause : cause.getMessage())
                      + ". See /api/status.");
            });
  }

  private static Reply noTable(String name) {
    return Reply.error(404, "no table '" + name + "' (GET /api/tables/ lists them)");
  }

  private static Reply reserved() {
    return Reply.error(
        409, "the table '" + BOOTSTRAP + "' is reserved: it holds teleproxy's own names");
  }

  private static CompletionStage<Reply> notAllowed(String allowed) {
    return done(Reply.error(405, "method not allowed (allowed: " + allowed + ")"));
  }

  private static CompletionStage<Reply> done(Reply reply) {
    return CompletableFuture.completedFuture(reply);
  }
}
