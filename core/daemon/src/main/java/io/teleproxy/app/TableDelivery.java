package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.teleproxy.client.ApiConnection;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.TableJson;
import io.teleproxy.tables.TablePatch;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Speaks to the API of the intercepting process, and knows what it has: of a table that is there
 * only what differs is sent. For one thread.
 */
final class TableDelivery implements AutoCloseable {
  /** Of one request: the memory of the other process is not to grow with the cluster. */
  private static final int MOST_PARTS = 1000;

  private static final int CONNECT_MILLIS = 2_000;
  private static final int ANSWER_MILLIS = 15_000;

  private final ApiConnection api;

  /** What the other side has, as far as we know. */
  private final Map<String, Table> delivered = new HashMap<>();

  TableDelivery(InetSocketAddress api) {
    this.api = new ApiConnection(api, CONNECT_MILLIS, ANSWER_MILLIS);
  }

  /** The other side is another one now, which has nothing. */
  void forget() {
    delivered.clear();
  }

  /** Says how we are; the answer is how they are. */
  JsonObject say(JsonObject said) throws IOException {
    return JsonParser.parseString(exchange("POST", "/api/bridge", said.toString()))
        .getAsJsonObject();
  }

  void search(List<String> domains) throws IOException {
    JsonArray body = new JsonArray();
    domains.forEach(body::add);
    exchange("POST", "/api/search", body.toString());
  }

  /** Sends how the table differs from what the other side has; everything, if it has nothing. */
  void put(Table table) throws IOException {
    Table there = delivered.remove(table.name());
    if (there == null || !there.zones().equals(table.zones())) {
      boolean atOnce = table.parts().size() <= MOST_PARTS;
      there = atOnce ? table : Table.pending(table.name(), table.zones());
      exchange("POST", "/api/tables/", TableJson.writeParts(there).toString());
      if (atOnce) {
        delivered.put(table.name(), table);
        return;
      }
    }
    if (!there.equals(table)) {
      for (TablePatch patch : TablePatch.between(there, table, MOST_PARTS)) {
        exchange("PATCH", "/api/tables/" + table.name(), patch.json().toString());
      }
    }
    delivered.put(table.name(), table);
  }

  void remove(String table) throws IOException {
    delivered.remove(table);
    exchange("DELETE", "/api/tables/" + table, "");
  }

  private String exchange(String method, String path, String body) throws IOException {
    ApiConnection.Answer answer = api.exchange(method, path, body);
    boolean alreadyGone = method.equals("DELETE") && answer.status() == 404;
    if (answer.status() / 100 != 2 && !alreadyGone) {
      throw new IOException(
          method + " " + path + " answered " + answer.status() + ": " + answer.body());
    }
    return answer.body();
  }

  @Override
  public void close() {
    api.close();
  }
}
