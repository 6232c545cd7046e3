package io.teleproxy.dns;

import io.teleproxy.tables.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/**
 * What every zone has, whether its table says so or not: SOA and NS, and the address of its
 * nameserver. The names and intervals are those that CoreDNS gives. Safe for several threads.
 */
final class ZoneApex {
  private static final String NAMESERVER = "ns.dns.";
  private static final String PARENT = "dns.";

  private final int ttl;
  private final AtomicReference<Version> version = new AtomicReference<>(new Version(null, 0));

  /** The snapshot that was seen last, and since when, in seconds since 1970. */
  private record Version(@org.jspecify.annotations.Nullable Snapshot tables, long serial) {}

  ZoneApex(int ttl) {
    this.ttl = ttl;
  }

  /** Whether the name is there for the zone's own sake, even if no table holds it. */
  boolean has(Snapshot.Zone zone, String name) {
    if (!name.endsWith(zone.name())) {
      return false;
    }
    String label = name.substring(0, name.length() - zone.name().length());
    return label.isEmpty() || label.equals(NAMESERVER) || label.equals(PARENT);
  }

  /**
   * Adds what the name has for the zone's own sake.
   *
   * @param known what the tables hold under the name
   * @param apex what they hold under the zone's name
   */
  List<Record> complete(
      Snapshot tables, String zone, String name, List<Record> known, List<Record> apex) {
    boolean named = has(apex, Type.NS);
    List<Record> all = new ArrayList<>(known);
    if (name.equals(zone)) {
      if (!has(known, Type.SOA)) {
        all.add(soa(tables, zone));
      }
      if (!named) {
        all.add(
            new NSRecord(
                LocalNames.name(zone), DClass.IN, ttl, LocalNames.name(NAMESERVER + zone)));
      }
    } else if (name.equals(NAMESERVER + zone) && known.isEmpty() && !named) {
      all.add(new ARecord(LocalNames.name(name), DClass.IN, ttl, DnsServer.OWN_ADDRESS));
    }
    return all;
  }

  private Record soa(Snapshot tables, String zone) {
    return new SOARecord(
        LocalNames.name(zone),
        DClass.IN,
        ttl,
        LocalNames.name(NAMESERVER + zone),
        LocalNames.name("hostmaster." + zone),
        serial(tables),
        7200,
        1800,
        86_400,
        ttl);
  }

  /** When the tables were seen to change last. */
  private long serial(Snapshot tables) {
    long now = System.currentTimeMillis() / 1000;
    return version
        .updateAndGet(
            last ->
                last.tables() == tables ? last : new Version(tables, Math.max(now, last.serial())))
        .serial();
  }

  private static boolean has(List<Record> records, int type) {
    for (Record record : records) {
      if (record.getType() == type) {
        return true;
      }
    }
    return false;
  }
}
