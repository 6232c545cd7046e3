package io.teleproxy.spi;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * An immutable map whose changed copies share almost all of their memory with it, so that a change
 * to one of a million entries costs about as much as to one of ten; and two maps of which one was
 * made from the other are compared in time proportional to how they differ.
 *
 * <p>Its iteration order depends on the keys alone, not on what was put when (but for keys with
 * equal hash codes). Neither keys nor values are null. Safe for any threads.
 */
public final class TrieMap<K, V> extends AbstractMap<K, V> {
  private static final TrieMap<?, ?> EMPTY = new TrieMap<>(TrieNode.EMPTY, 0);

  private final TrieNode root;
  private final int size;

  private TrieMap(TrieNode root, int size) {
    this.root = root;
    this.size = size;
  }

  /** Hears of one key whose value is not the same in two maps; null stands for no value. */
  @FunctionalInterface
  public interface Difference<K, V> {
    void at(K key, @Nullable V before, @Nullable V after);
  }

  /** The map without entries. */
  @SuppressWarnings("unchecked") // holds nothing, and never will
  public static <K, V> TrieMap<K, V> empty() {
    return (TrieMap<K, V>) EMPTY;
  }

  /** The map with one entry. */
  public static <K, V> TrieMap<K, V> of(K key, V value) {
    return TrieMap.<K, V>empty().with(key, value);
  }

  /** A map with these entries; the same map if it is one of ours already. */
  @SuppressWarnings("unchecked") // an immutable map may be read as one of wider types
  public static <K, V> TrieMap<K, V> copyOf(Map<? extends K, ? extends V> map) {
    if (map instanceof TrieMap<? extends K, ? extends V> ours) {
      return (TrieMap<K, V>) ours;
    }
    Editor<K, V> editor = TrieMap.<K, V>empty().edit();
    map.forEach(editor::put);
    return editor.done();
  }

  /** This map, with that value for the key. */
  public TrieMap<K, V> with(K key, V value) {
    return edit().put(key, value).done();
  }

  /** This map, without the key. */
  public TrieMap<K, V> without(Object key) {
    return edit().remove(key).done();
  }

  /** Begins several changes of this map, which together cost less than one after the other. */
  public Editor<K, V> edit() {
    return new Editor<>(this);
  }

  /** Changes on the way to another map. Confined to one thread. */
  public static final class Editor<K, V> {
    private final TrieMap<K, V> before;
    private TrieNode root;
    private TrieNode.Change change = new TrieNode.Change();
    private int size;

    private Editor(TrieMap<K, V> before) {
      this.before = before;
      this.root = before.root;
      this.size = before.size;
    }

    @SuppressWarnings("unchecked") // what was put in has this type
    public @Nullable V get(K key) {
      return (V) root.get(key, TrieNode.hash(key), 0);
    }

    public Editor<K, V> put(K key, V value) {
      root = root.with(change, key, value, TrieNode.hash(key), 0);
      return this;
    }

    public Editor<K, V> remove(Object key) {
      root = root.without(change, key, TrieNode.hash(key), 0);
      return this;
    }

    /** The map as it is now; the editor may go on. */
    public TrieMap<K, V> done() {
      size += change.growth;
      change = new TrieNode.Change();
      if (root == before.root) {
        return before;
      }
      return size == 0 ? empty() : new TrieMap<>(root, size);
    }
  }

  /**
   * Tells what makes this map the other one: every key whose values are not equal. What both share
   * is not looked at.
   */
  @SuppressWarnings("unchecked") // what was put in has these types
  public void differences(TrieMap<K, V> after, Difference<? super K, ? super V> difference) {
    TrieNode.differences(
        root, after.root, (key, old, now) -> difference.at((K) key, (V) old, (V) now));
  }

  @Override
  @SuppressWarnings("unchecked") // what was put in has this type
  public @Nullable V get(@Nullable Object key) {
    return key == null ? null : (V) root.get(key, TrieNode.hash(key), 0);
  }

  @Override
  public V getOrDefault(@Nullable Object key, V otherwise) {
    V value = get(key);
    return value == null ? otherwise : value;
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return get(key) != null;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  @SuppressWarnings("unchecked") // what was put in has these types
  public void forEach(BiConsumer<? super K, ? super V> action) {
    root.forEach((key, value) -> action.accept((K) key, (V) value));
  }

  @Override
  public Set<Entry<K, V>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public Iterator<Entry<K, V>> iterator() {
        List<Entry<K, V>> entries = new ArrayList<>(size);
        TrieMap.this.forEach((key, value) -> entries.add(Map.entry(key, value)));
        return List.copyOf(entries).iterator();
      }

      @Override
      public int size() {
        return size;
      }
    };
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (other instanceof TrieMap<?, ?> trie) {
      return size == trie.size && root.same(trie.root);
    }
    return super.equals(other);
  }

  @Override
  public int hashCode() {
    return super.hashCode();
  }
}
