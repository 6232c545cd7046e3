package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LinkLoadTest {
  private static final int TICKS_OF_AN_HOUR = 4 * 3600;

  private final LinkLoad load = new LinkLoad();
  private int id = 1;

  @Test
  void anHourOfLightUseDoesNotWearItOut() {
    for (int i = 0; i < TICKS_OF_AN_HOUR; i++) {
      open();
      load.carried(1_500);
      load.tick();
    }
    assertThat(load.worn()).isFalse();
  }

  @Test
  void fiveSecondsOfManyStreamsWearItOut() {
    for (int i = 0; i < 20; i++) {
      for (int stream = 0; stream < 50; stream++) {
        open();
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
    open();
    load.tick();
    load.tick();
    assertThat(load.resting()).isFalse();
    assertThat(load.young()).isEqualTo(1);
    load.tick();
    assertThat(load.resting()).isTrue();
    load.ended(id);
    assertThat(load.young()).isZero();
  }

  @Test
  void aStreamThatIsOverIsNotYoungAnyMore() {
    open();
    int first = id;
    load.tick();
    open();
    load.tick();
    open();
    load.ended(first);
    assertThat(load.young()).isEqualTo(2);
    load.ended(id);
    assertThat(load.young()).isEqualTo(1);
    load.tick();
    load.tick();
    load.tick();
    assertThat(load.young()).isZero();
  }

  @Test
  void whatIsOpenedAtTheSameTimeIsOpenedTogether() {
    for (int i = 0; i < 6; i++) {
      open();
    }
    long now = System.nanoTime();
    assertThat(load.openedTogether(now)).isEqualTo(6);
    assertThat(load.openedTogether(now + LinkLoad.TOGETHER_NANOS)).isZero();
  }

  private void open() {
    id += 2;
    load.opened(id);
  }
}
