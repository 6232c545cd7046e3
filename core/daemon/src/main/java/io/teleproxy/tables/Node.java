package io.teleproxy.tables;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/**
 * What one table holds under one DNS name. A node without records is an empty non-terminal (RFC
 * 8020): the name exists because something below it does.
 *
 * <p>Record texts are parsed on the first look, since most of a large table is never asked for.
 * Immutable but for that; safe for several threads, which at worst parse twice.
 */
public final class Node {
  private final List<InetAddress> addresses = new ArrayList<>(1);
  private final List<String> texts = new ArrayList<>(0);
  private volatile @Nullable List<Record> parsed;

  Node() {}

  void add(InetAddress address) {
    if (!addresses.contains(address)) {
      addresses.add(address);
    }
  }

  void add(String record) {
    texts.add(record);
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
      known = new ArrayList<>(addresses.size() + texts.size());
      for (InetAddress address : addresses) {
        known.add(
            address.getAddress().length == 4
                ? new ARecord(owner, DClass.IN, ttl, address)
                : new AAAARecord(owner, DClass.IN, ttl, address));
      }
      for (String text : texts) {
        known.add(RecordText.parse(text));
      }
      known = List.copyOf(known);
      parsed = known;
    }
    return known;
  }
}
