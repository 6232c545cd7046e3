package io.teleproxy.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrieMapTest {
  /** A key whose hash code collides with others' wholly, partly or not. */
  private record Key(int number, int hash) {
    static Key of(int number, int hashes) {
      return new Key(number, number % hashes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 300, Integer.MAX_VALUE})
  void holdsWhatAHashMapHolds(int hashes) {
    Random random = new Random(hashes);
    Map<Key, Integer> expected = new HashMap<>();
    TrieMap<Key, Integer> map = TrieMap.empty();
    for (int i = 0; i < 5_000; i++) {
      Key key = Key.of(random.nextInt(i < 3_000 ? 400 : 40), hashes);
      TrieMap<Key, Integer> before = map;
      int size = map.size();
      if (random.nextInt(5) < 2) {
        map = map.without(key);
        expected.remove(key);
      } else {
        map = map.with(key, i);
        expected.put(key, i);
      }
      assertThat(before).hasSize(size);
      assertThat(map.get(key)).isEqualTo(expected.get(key));
      if (i % 100 == 0) {
        assertThat(map).isEqualTo(expected);
        assertThat(map).isEqualTo(TrieMap.copyOf(expected));
        assertThat(TrieMap.copyOf(expected)).isEqualTo(map);
      }
    }
    for (Key key : expected.keySet()) {
      map = map.without(key);
    }
    assertThat(map).isEmpty();
    assertThat(map).isSameAs(TrieMap.empty());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 300, Integer.MAX_VALUE})
  void tellsEveryDifferenceAndNothingElse(int hashes) {
    Random random = new Random(hashes);
    TrieMap<Key, Integer> before = TrieMap.empty();
    for (int i = 0; i < 300; i++) {
      TrieMap<Key, Integer> after = before;
      for (int j = random.nextInt(20); j > 0; j--) {
        Key key = Key.of(random.nextInt(500), hashes);
        after = random.nextInt(5) < 2 ? after.without(key) : after.with(key, random.nextInt(9));
      }
      if (i % 10 == 0) {
        after = TrieMap.copyOf(new HashMap<>(after));
      }
      Map<Key, Integer> replayed = new HashMap<>(before);
      before.differences(
          after,
          (key, old, now) -> {
            assertThat(replayed.get(key)).isEqualTo(old).isNotEqualTo(now);
            if (now == null) {
              replayed.remove(key);
            } else {
              replayed.put(key, now);
            }
          });
      assertThat(replayed).isEqualTo(after);
      before = after;
    }
  }

  @Test
  void comparesOnlyWhatIsNotShared() {
    Map<Integer, Counted> many = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      many.put(i, new Counted());
    }
    TrieMap<Integer, Counted> before = TrieMap.copyOf(many);
    TrieMap<Integer, Counted> after = before.with(17, new Counted());
    Counted.comparisons = 0;
    int[] told = new int[1];
    before.differences(after, (key, old, now) -> told[0]++);
    assertThat(told[0]).isEqualTo(1);
    assertThat(Counted.comparisons).isEqualTo(1);
  }

  @Test
  void iteratesInAnOrderThatDoesNotDependOnHistory() {
    TrieMap<String, Integer> there = TrieMap.of("a", 1).with("b", 2).with("c", 3);
    TrieMap<String, Integer> back = TrieMap.of("c", 3).with("x", 0).with("b", 2).with("a", 1);
    assertThat(back.without("x").keySet()).containsExactlyElementsOf(there.keySet());
  }

  private static final class Counted {
    static int comparisons;

    @Override
    @SuppressWarnings("EqualsUnsafeCast")
    public boolean equals(Object other) {
      comparisons++;
      return this == other;
    }

    @Override
    public int hashCode() {
      return 1;
    }
  }
}
