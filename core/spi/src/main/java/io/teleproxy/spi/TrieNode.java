package io.teleproxy.spi;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A node of a compressed hash-array mapped prefix trie (Steindorfer and Vinju, "Optimizing
 * Hash-Array Mapped Tries for Fast and Lean Immutable JVM Collections", OOPSLA 2015). Each level
 * takes five bits of the hash; a node has two bitmaps, of the five bits that lead to an entry and
 * of those that lead to a node below. Entries stand in front, as key and value, nodes behind, each
 * in the order of the bits. There is one shape only for each content.
 *
 * <p>Below the last level stand keys whose hash codes are equal, as entries without bitmaps.
 */
final class TrieNode {
  static final TrieNode EMPTY = new TrieNode(null, 0, 0, new Object[0]);

  private static final int BITS = 5;
  private static final int LEVELS_END = 35;

  private final @Nullable Change madeBy;
  private final int entryMap;
  private final int nodeMap;
  private final Object[] slots;

  private TrieNode(@Nullable Change madeBy, int entryMap, int nodeMap, Object[] slots) {
    this.madeBy = madeBy;
    this.entryMap = entryMap;
    this.nodeMap = nodeMap;
    this.slots = slots;
  }

  /** Nodes that one change has made are seen by nobody else: it may change them in place. */
  static final class Change {
    /** By how much the number of entries has changed. */
    int growth;
  }

  /** A bijection that spreads hash codes that differ in few bits only. */
  static int hash(Object key) {
    int mixed = key.hashCode() * 0x9E3779B9;
    return mixed ^ (mixed >>> 15);
  }

  @Nullable Object get(Object key, int hash, int shift) {
    if (shift == LEVELS_END) {
      int at = indexOf(key);
      return at < 0 ? null : slots[at + 1];
    }
    int bit = bit(hash, shift);
    if ((entryMap & bit) != 0) {
      int at = entryAt(bit);
      return slots[at].equals(key) ? slots[at + 1] : null;
    }
    return (nodeMap & bit) == 0 ? null : child(bit).get(key, hash, shift + BITS);
  }

  TrieNode with(Change change, Object key, Object value, int hash, int shift) {
    int bit = shift == LEVELS_END ? 0 : bit(hash, shift);
    int at = shift == LEVELS_END ? indexOf(key) : (entryMap & bit) != 0 ? entryAt(bit) : -1;
    if (at >= 0) {
      if (slots[at].equals(key)) {
        return slots[at + 1] == value ? this : set(change, at + 1, value);
      }
      TrieNode below =
          EMPTY
              .with(change, slots[at], slots[at + 1], hash(slots[at]), shift + BITS)
              .with(change, key, value, hash, shift + BITS);
      change.growth--;
      return entryToNode(change, bit, at, below);
    }
    if ((nodeMap & bit) != 0) {
      TrieNode child = child(bit);
      TrieNode changed = child.with(change, key, value, hash, shift + BITS);
      return changed == child ? this : set(change, childAt(bit), changed);
    }
    change.growth++;
    int to = shift == LEVELS_END ? slots.length : entryAt(bit);
    Object[] next = new Object[slots.length + 2];
    System.arraycopy(slots, 0, next, 0, to);
    next[to] = key;
    next[to + 1] = value;
    System.arraycopy(slots, to, next, to + 2, slots.length - to);
    return new TrieNode(change, entryMap | bit, nodeMap, next);
  }

  TrieNode without(Change change, Object key, int hash, int shift) {
    int bit = shift == LEVELS_END ? 0 : bit(hash, shift);
    int at = shift == LEVELS_END ? indexOf(key) : (entryMap & bit) != 0 ? entryAt(bit) : -1;
    if (at >= 0) {
      if (!slots[at].equals(key)) {
        return this;
      }
      change.growth--;
      Object[] next = new Object[slots.length - 2];
      System.arraycopy(slots, 0, next, 0, at);
      System.arraycopy(slots, at + 2, next, at, next.length - at);
      return new TrieNode(change, entryMap & ~bit, nodeMap, next);
    }
    if ((nodeMap & bit) == 0) {
      return this;
    }
    TrieNode child = child(bit);
    TrieNode changed = child.without(change, key, hash, shift + BITS);
    if (changed == child) {
      return this;
    }
    // A single entry moves up; or there would be two shapes for one content.
    return changed.nodeMap == 0 && changed.slots.length == 2
        ? nodeToEntry(change, bit, changed)
        : set(change, childAt(bit), changed);
  }

  void forEach(BiConsumer<Object, Object> action) {
    int entries = entriesEnd();
    for (int i = 0; i < entries; i += 2) {
      action.accept(slots[i], slots[i + 1]);
    }
    for (int i = entries; i < slots.length; i++) {
      ((TrieNode) slots[i]).forEach(action);
    }
  }

  /** Whether both hold the same; what they share is not looked at. */
  boolean same(TrieNode other) {
    if (this == other) {
      return true;
    }
    if (entryMap != other.entryMap
        || nodeMap != other.nodeMap
        || slots.length != other.slots.length) {
      return false;
    }
    int entries = entriesEnd();
    for (int i = 0; i < entries; i += 2) {
      int at = entryMap == 0 ? other.indexOf(slots[i]) : i;
      if (at < 0
          || !slots[i].equals(other.slots[at])
          || !slots[i + 1].equals(other.slots[at + 1])) {
        return false;
      }
    }
    for (int i = entries; i < slots.length; i++) {
      if (!((TrieNode) slots[i]).same((TrieNode) other.slots[i])) {
        return false;
      }
    }
    return true;
  }

  /** Tells how two nodes at the same place differ. */
  static void differences(
      TrieNode before, TrieNode after, TrieMap.Difference<Object, Object> difference) {
    if (before == after) {
      return;
    }
    if (before.isCollision() || after.isCollision()) {
      differences(before.entries(), after.entries(), difference);
      return;
    }
    int bits = before.entryMap | before.nodeMap | after.entryMap | after.nodeMap;
    while (bits != 0) {
      int bit = Integer.lowestOneBit(bits);
      bits ^= bit;
      if ((before.nodeMap & after.nodeMap & bit) != 0) {
        differences(before.child(bit), after.child(bit), difference);
      } else if (!before.sharesEntry(after, bit)) {
        differences(before.entries(bit), after.entries(bit), difference);
      }
    }
  }

  private static void differences(
      Map<Object, Object> before,
      Map<Object, Object> after,
      TrieMap.Difference<Object, Object> difference) {
    before.forEach(
        (key, old) -> {
          Object now = after.get(key);
          if (!old.equals(now)) {
            difference.at(key, old, now);
          }
        });
    after.forEach(
        (key, now) -> {
          if (!before.containsKey(key)) {
            difference.at(key, null, now);
          }
        });
  }

  private boolean sharesEntry(TrieNode other, int bit) {
    if ((entryMap & other.entryMap & bit) == 0) {
      return false;
    }
    int mine = entryAt(bit);
    int theirs = other.entryAt(bit);
    return slots[mine] == other.slots[theirs] && slots[mine + 1] == other.slots[theirs + 1];
  }

  private Map<Object, Object> entries() {
    Map<Object, Object> entries = new HashMap<>();
    forEach(entries::put);
    return entries;
  }

  private Map<Object, Object> entries(int bit) {
    if ((entryMap & bit) != 0) {
      int at = entryAt(bit);
      return Map.of(slots[at], slots[at + 1]);
    }
    return (nodeMap & bit) != 0 ? child(bit).entries() : Map.of();
  }

  private boolean isCollision() {
    return entryMap == 0 && nodeMap == 0 && slots.length > 0;
  }

  private TrieNode child(int bit) {
    return (TrieNode) slots[childAt(bit)];
  }

  private int entryAt(int bit) {
    return 2 * Integer.bitCount(entryMap & (bit - 1));
  }

  private int childAt(int bit) {
    return entriesEnd() + Integer.bitCount(nodeMap & (bit - 1));
  }

  private int entriesEnd() {
    return slots.length - Integer.bitCount(nodeMap);
  }

  /** Among keys with equal hash codes. */
  private int indexOf(Object key) {
    for (int i = 0; i < slots.length; i += 2) {
      if (slots[i].equals(key)) {
        return i;
      }
    }
    return -1;
  }

  private TrieNode set(Change change, int at, Object value) {
    if (madeBy == change) {
      slots[at] = value;
      return this;
    }
    Object[] next = slots.clone();
    next[at] = value;
    return new TrieNode(change, entryMap, nodeMap, next);
  }

  private TrieNode entryToNode(Change change, int bit, int at, TrieNode below) {
    int to = childAt(bit) - 2;
    Object[] next = new Object[slots.length - 1];
    System.arraycopy(slots, 0, next, 0, at);
    System.arraycopy(slots, at + 2, next, at, to - at);
    next[to] = below;
    System.arraycopy(slots, to + 2, next, to + 1, slots.length - to - 2);
    return new TrieNode(change, entryMap ^ bit, nodeMap | bit, next);
  }

  private TrieNode nodeToEntry(Change change, int bit, TrieNode single) {
    int at = entryAt(bit);
    int from = childAt(bit);
    Object[] next = new Object[slots.length + 1];
    System.arraycopy(slots, 0, next, 0, at);
    next[at] = single.slots[0];
    next[at + 1] = single.slots[1];
    System.arraycopy(slots, at, next, at + 2, from - at);
    System.arraycopy(slots, from + 1, next, from + 2, slots.length - from - 1);
    return new TrieNode(change, entryMap | bit, nodeMap ^ bit, next);
  }

  private static int bit(int hash, int shift) {
    return 1 << ((hash >>> shift) & 31);
  }
}
