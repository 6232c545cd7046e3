package io.teleproxy.tables;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/**
 * What one table holds under one DNS name. A node without records is an empty non-terminal (RFC
 * 8020): the name exists because something below it does, or because its table says so.
 *
 * <p>Record texts are parsed on the first look, since most of a large table is never asked for.
 * Immutable but for that; safe for several threads, which at worst parse twice.
 */
public final class Node {
  private static final Object[] NOTHING = {};

  /** Stands for a name under which nothing is known. */
  static final Node NONE = new Node(0, NOTHING);

  /** How many nodes stand directly below this one, in a zone. */
  private final int children;

  /**
   * Pairs of the key of a part and what that part says: the text of a record, the address of a
   * route, or nothing but the name. In the order of the keys, what one part says in the order of
   * the part. An array, because there may be some hundred thousand nodes, of which most hold one
   * pair.
   */
  private final Object[] pairs;

  private volatile @Nullable List<Record> parsed;

  private Node(int children, Object[] pairs) {
    this.children = children;
    this.pairs = pairs;
  }

  /** This node, with one or more children more or less. */
  Node withChildren(int more) {
    Node changed = new Node(children + more, pairs);
    changed.parsed = parsed;
    return changed;
  }

  /**
   * This node, with these instead of what the part has said before.
   *
   * @param values texts of records and addresses
   */
  Node with(String part, List<Object> values) {
    int from = 0;
    while (from < pairs.length && part.compareTo((String) pairs[from]) > 0) {
      from += 2;
    }
    int to = from;
    boolean same = true;
    while (to < pairs.length && part.equals(pairs[to])) {
      int index = (to - from) / 2;
      same &= index < values.size() && values.get(index).equals(pairs[to + 1]);
      to += 2;
    }
    if (same && to - from == 2 * values.size()) {
      return this;
    }
    int length = pairs.length - (to - from) + 2 * values.size();
    Object[] next = length == 0 ? NOTHING : new Object[length];
    System.arraycopy(pairs, 0, next, 0, from);
    int at = from;
    for (Object value : values) {
      next[at++] = part;
      next[at++] = value;
    }
    System.arraycopy(pairs, to, next, at, pairs.length - to);
    return new Node(children, next);
  }

  /** Whether there is no reason any more for the name to exist. */
  boolean isGone() {
    return children == 0 && pairs.length == 0;
  }

  /**
   * All records of the node.
   *
   * @param owner the node's name
   * @param ttl seconds, for the addresses that come from routes
   */
  public List<Record> records(Name owner, long ttl) {
    List<Record> known = parsed;
    if (known == null) {
      known = parse(owner, ttl);
      parsed = known;
    }
    return known;
  }

  /** First the addresses, then the records; what several say counts once. */
  private List<Record> parse(Name owner, long ttl) {
    Set<InetAddress> addresses = new LinkedHashSet<>();
    Set<String> texts = new LinkedHashSet<>();
    for (int i = 1; i < pairs.length; i += 2) {
      if (pairs[i] instanceof InetAddress address) {
        addresses.add(address);
      } else {
        texts.add((String) pairs[i]);
      }
    }
    List<Record> records = new ArrayList<>(addresses.size() + texts.size());
    for (InetAddress address : addresses) {
      records.add(
          address.getAddress().length == 4
              ? new ARecord(owner, DClass.IN, ttl, address)
              : new AAAARecord(owner, DClass.IN, ttl, address));
    }
    for (String text : texts) {
      if (!RecordText.isNameAlone(text)) {
        records.add(RecordText.parse(text));
      }
    }
    return List.copyOf(records);
  }
}
