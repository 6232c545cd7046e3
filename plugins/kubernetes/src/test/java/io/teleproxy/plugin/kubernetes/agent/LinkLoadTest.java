package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LinkLoadTest {
  private static final int TICKS_OF_AN_HOUR = 4 * 3600;

  private final LinkLoad load = new LinkLoad();

  @Test
  void anHourOfLightUseDoesNotWearItOut() {
    for (int i = 0; i < TICKS_OF_AN_HOUR; i++) {
      load.opened();
      load.carried(1_500);
      load.tick();
    }
    assertThat(load.worn()).isFalse();
  }

  @Test
  void fiveSecondsOfManyStreamsWearItOut() {
    for (int i = 0; i < 20; i++) {
      for (int stream = 0; stream < 50; stream++) {
        load.opened();
        load.carried(100);
      }
      load.tick();
    }
    assertThat(load.worn()).isTrue();
  }

  @Test
  void whatHasWornItOutIsNotMendedByRest() {
    load.carried(10_000_000);
    for (int i = 0; i < TICKS_OF_AN_HOUR; i++) {
      load.tick();
    }
    assertThat(load.resting()).isTrue();
    assertThat(load.worn()).isTrue();
  }

  @Test
  void aStreamIsSeenBeforeItsBytesAre() {
    assertThat(load.resting()).isTrue();
    load.opened();
    load.tick();
    load.tick();
    assertThat(load.resting()).isFalse();
    load.tick();
    assertThat(load.resting()).isTrue();
  }

  @Test
  void aFewStreamsAreNoCrowd() {
    for (int i = 0; i < 7; i++) {
      load.opened();
    }
    assertThat(load.crowded()).isFalse();
    load.opened();
    assertThat(load.crowded()).isTrue();
  }
}
