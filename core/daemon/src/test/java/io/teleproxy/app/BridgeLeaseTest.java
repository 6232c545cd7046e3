package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.TableStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BridgeLeaseTest {
  private final TableStore tables = new TableStore();
  private final Components components = new Components();
  private final AtomicInteger datagrams = new AtomicInteger();
  private BridgeLease lease = lease(Duration.ofMinutes(1));

  private BridgeLease lease(Duration duration) {
    return new BridgeLease(tables, components, datagrams::incrementAndGet, duration, false);
  }

  @AfterEach
  void close() {
    lease.close();
  }

  @Test
  void aBridgeIsKnownByWhatItSays() {
    assertThat(lease.heard(said(7, false, "mine"), "i").get("instance").getAsString())
        .isEqualTo("i");
    assertThat(lease.ready().toCompletableFuture()).isNotDone();
    assertThat(lease.targets()).containsExactly(1080);
    lease.heard(said(7, true, "mine"), "i");
    assertThat(lease.ready().toCompletableFuture()).isCompleted();
    assertThat(components.json().toString()).contains("watcher kubernetes", "no answer");
  }

  @Test
  void aBridgeIsAskedWithTheAnswerToItsWordAndItsAnswerIsHeard() {
    JsonObject question = new JsonObject();
    question.addProperty("ask", "log");
    CompletableFuture<JsonElement> answer = lease.questions().ask(question).toCompletableFuture();

    JsonObject asked =
        lease.heard(said(7, true), "i").getAsJsonArray("questions").get(0).getAsJsonObject();
    assertThat(asked.get("ask").getAsString()).isEqualTo("log");
    JsonObject again = said(7, true);
    again.add(
        "answers",
        JsonParser.parseString("[{'id': " + asked.get("id") + ", 'answer': ['a line']}]"));
    assertThat(lease.heard(again, "i").getAsJsonArray("questions")).isEmpty();

    assertThat(answer.join().getAsJsonArray().get(0).getAsString()).isEqualTo("a line");
  }

  @Test
  void anotherBridgeIsRefusedUntilTheFirstHasEnded() {
    lease.heard(said(7, true, "mine"), "i");
    assertThatThrownBy(() -> lease.heard(said(8, true, "mine"), "i"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("another bridge (pid 7)");
    lease.ended(7);
    lease.heard(said(8, true, "mine"), "i");
  }

  @Test
  void aBridgeThatSomebodyElseStartsTakesThePlaceOfADeadOne() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    try (BridgeLease beside =
        new BridgeLease(
            tables, components, datagrams::incrementAndGet, Duration.ofMinutes(1), true)) {
      beside.heard(said(dead.pid(), true, "mine"), "i");
      beside.heard(said(ProcessHandle.current().pid(), true, "mine"), "i");
      assertThatThrownBy(() -> beside.heard(said(8, true, "mine"), "i"))
          .hasMessageContaining("another bridge");
    }
  }

  @Test
  void whatTheNextBridgeDoesNotHaveIsWithdrawnWhenItIsReady() {
    tables.put(List.of(new Table("old", List.of()), new Table("mine", List.of())));
    lease.heard(said(7, true, "old"), "i");
    lease.ended(7);
    lease.heard(said(8, false), "i");
    assertThat(tables.latest().table("old")).isPresent();
    lease.heard(said(8, true, "mine"), "i");
    assertThat(tables.latest().table("old")).isEmpty();
    assertThat(tables.latest().table("mine")).isPresent();
  }

  @Test
  void tablesOfABridgeThatIsSilentAreWithdrawn() {
    lease.close();
    lease = lease(Duration.ofMillis(1));
    tables.put(List.of(new Table("mine", List.of()), new Table("posted", List.of())));
    lease.heard(said(7, true, "mine"), "i");
    await().until(() -> tables.latest().table("mine").isEmpty());
    assertThat(tables.latest().table("posted")).isPresent();
    assertThat(components.json().toString())
        .contains("nothing was heard of it (pid 7)")
        .doesNotContain("watcher kubernetes");
    assertThat(lease.targets()).isEmpty();
    assertThat(lease.heard(said(7, true, "mine"), "i").get("instance").getAsString())
        .as("a bridge that is not gone after all sends its tables again")
        .isNotEqualTo("i");
  }

  @Test
  void whyItCannotStartEndsTheWait() {
    lease.heard(json("{'pid': 7, 'failed': {'message': 'no file', 'remedy': 'Name one.'}}"), "i");
    assertThatThrownBy(() -> lease.ready().toCompletableFuture().join())
        .hasCauseInstanceOf(UserException.class)
        .hasMessageContaining("no file");
  }

  @Test
  void aChangeOfWhatTunnelsCarryIsPassedOnOnce() {
    JsonObject more = said(7, true);
    more.addProperty("datagrams", 1);
    lease.heard(more, "i");
    lease.heard(more, "i");
    assertThat(datagrams).hasValue(1);
  }

  @Test
  void aHangupIsPassedOn() {
    int before = lease.heard(said(7, true), "i").get("reload").getAsInt();
    lease.reload();
    assertThat(lease.heard(said(7, true), "i").get("reload").getAsInt()).isEqualTo(before + 1);
  }

  private static JsonObject said(long pid, boolean ready, String... tables) {
    return json(
        "{'pid': %d, 'ready': %s, 'targets': [1080], 'datagrams': 0, 'tables': [%s],"
                .formatted(pid, ready, String.join(",", tables))
            + " 'components': [{'name': 'watcher kubernetes', 'state': 'degraded', 'since':"
            + " '2026-01-01T00:00:00Z', 'reason': 'no answer', 'remedy': 'Wait.'}]}");
  }

  private static JsonObject json(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }
}
