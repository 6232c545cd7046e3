package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;

class CounterpartTest {
  private final Counterpart counterpart = new Counterpart();

  @Test
  void whoHasBeenStartedAnewHasNothingOfOursAndIsKnownThen() {
    assertThat(counterpart.isUnknown()).isTrue();
    assertThat(counterpart.isAnother(answer("1@t", "k", 0))).isTrue();
    assertThat(counterpart.isAnother(answer("1@t", "k", 0))).isFalse();
    assertThat(counterpart.isAnother(answer("2@t", "k", 0))).isTrue();
    counterpart.lost();
    assertThat(counterpart.isUnknown()).isTrue();
    assertThat(counterpart.isAnother(answer("2@t", "k", 0))).as("it may have forgotten").isTrue();
  }

  @Test
  void anotherProductOrOtherSettingsAreForAnotherBridge() {
    assertThat(counterpart.isOfAnotherKind(answer("1@t", "k", 0))).isFalse();
    counterpart.lost();
    assertThat(counterpart.isOfAnotherKind(answer("2@t", "k", 0))).isFalse();
    assertThat(counterpart.isOfAnotherKind(answer("3@t", "l", 0))).isTrue();
  }

  @Test
  void theFirstAnswerOfAnotherOneAsksForNothing() {
    assertThat(counterpart.asksForReload(answer("1@t", "k", 3))).isFalse();
    counterpart.isAnother(answer("1@t", "k", 3));
    assertThat(counterpart.asksForReload(answer("1@t", "k", 4))).isTrue();
    assertThat(counterpart.asksForReload(answer("1@t", "k", 4))).isFalse();
    assertThat(counterpart.asksForReload(answer("2@t", "k", 0))).isFalse();
  }

  private static JsonObject answer(String instance, String kind, int reload) {
    JsonObject answer = new JsonObject();
    answer.addProperty("instance", instance);
    answer.addProperty(RunKind.NAME, kind);
    answer.addProperty("reload", reload);
    return answer;
  }
}
