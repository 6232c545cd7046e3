package io.teleproxy.dns;

import io.teleproxy.tables.Node;
import io.teleproxy.tables.RecordText;
import io.teleproxy.tables.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * The local logic: answers a question from a snapshot of the tables. In this order: the name
 * itself, the zone that the name is in, the name completed by the search path. Safe for several
 * threads.
 */
final class LocalNames {
  private static final int MAX_ALIASES = 8;

  private final int ttl;
  private final long serial = System.currentTimeMillis() / 1000;

  LocalNames(int ttl) {
    this.ttl = ttl;
  }

  /**
   * Looks a name up.
   *
   * @param asked absolute, in any case; owner of the records in the answer
   * @param completing whether the search path may complete the name
   * @return null if the tables know nothing about the name
   */
  @Nullable LocalAnswer find(Snapshot tables, Name asked, int type, boolean completing) {
    String name = text(asked);
    List<Node> nodes = tables.nodes(name);
    if (nodes.isEmpty()) {
      Optional<Snapshot.Zone> zone = tables.zone(name);
      if (zone.isPresent()) {
        return missing(tables, zone.get(), name, type, List.of());
      }
      String completed = completing ? completed(tables, name) : null;
      if (completed == null) {
        return null;
      }
      name = completed;
      nodes = tables.nodes(name);
    }
    return follow(tables, asked, name, nodes, type);
  }

  private LocalAnswer follow(
      Snapshot tables, Name asked, String start, List<Node> startNodes, int type) {
    List<Record> answers = new ArrayList<>(2);
    Name owner = asked;
    String name = start;
    List<Node> nodes = startNodes;
    for (int alias = 0; alias <= MAX_ALIASES; alias++) {
      List<Record> records = records(nodes, name);
      int first = answers.size();
      Record cname = collect(records, owner, type, answers);
      if (answers.size() > first) {
        return new LocalAnswer(
            Rcode.NOERROR, answers, first, List.of(), additional(tables, answers), null);
      }
      if (cname == null) {
        return empty(tables, name, type, records.isEmpty(), answers);
      }
      answers.add(renamed(cname, owner));
      owner = ((CNAMERecord) cname).getTarget();
      name = text(owner);
      nodes = tables.nodes(name);
      if (nodes.isEmpty()) {
        Optional<Snapshot.Zone> zone = tables.zone(name);
        return zone.isPresent()
            ? missing(tables, zone.get(), name, type, answers)
            : new LocalAnswer(Rcode.NOERROR, answers, answers.size(), List.of(), List.of(), owner);
      }
    }
    return LocalAnswer.failure(Rcode.SERVFAIL);
  }

  /** Adds what was asked for; returns the alias that is there instead, if any. */
  private static @Nullable Record collect(
      List<Record> records, Name owner, int type, List<Record> answers) {
    Record cname = null;
    for (Record record : records) {
      if (record.getType() == type || type == Type.ANY) {
        answers.add(renamed(record, owner));
      } else if (record.getType() == Type.CNAME) {
        cname = record;
      }
    }
    return cname;
  }

  /** The name exists, but has nothing of this type. */
  private LocalAnswer empty(
      Snapshot tables, String name, int type, boolean nonTerminal, List<Record> aliases) {
    Optional<Snapshot.Zone> zone = tables.zone(name);
    if (zone.isEmpty()) {
      return negative(Rcode.NOERROR, aliases, List.of());
    }
    if (name.equals(zone.get().name()) || nonTerminal) {
      return missing(tables, zone.get(), name, type, aliases, Rcode.NOERROR);
    }
    return negative(Rcode.NOERROR, aliases, List.of(soa(tables, zone.get().name())));
  }

  private LocalAnswer missing(
      Snapshot tables, Snapshot.Zone zone, String name, int type, List<Record> aliases) {
    int rcode = name.equals(zone.name()) ? Rcode.NOERROR : Rcode.NXDOMAIN;
    return missing(tables, zone, name, type, aliases, rcode);
  }

  private LocalAnswer missing(
      Snapshot tables, Snapshot.Zone zone, String name, int type, List<Record> aliases, int rcode) {
    boolean apex = name.equals(zone.name());
    if (apex && type == Type.SOA) {
      List<Record> answers = new ArrayList<>(aliases);
      answers.add(soa(tables, zone.name()));
      return new LocalAnswer(Rcode.NOERROR, answers, answers.size(), List.of(), List.of(), null);
    }
    if (!zone.synced()) {
      return LocalAnswer.failure(Rcode.SERVFAIL);
    }
    return negative(rcode, aliases, List.of(soa(tables, zone.name())));
  }

  private static LocalAnswer negative(int rcode, List<Record> aliases, List<Record> authority) {
    return new LocalAnswer(rcode, aliases, aliases.size(), authority, List.of(), null);
  }

  private List<Record> records(List<Node> nodes, String name) {
    if (nodes.size() == 1) {
      return nodes.get(0).records(name(name), ttl);
    }
    Set<Record> all = new LinkedHashSet<>();
    for (Node node : nodes) {
      all.addAll(node.records(name(name), ttl));
    }
    return List.copyOf(all);
  }

  /** Addresses of the hosts that services are on (RFC 2782). */
  private List<Record> additional(Snapshot tables, List<Record> answers) {
    Set<Record> found = new LinkedHashSet<>(0);
    for (Record answer : answers) {
      if (answer instanceof SRVRecord srv) {
        String host = text(srv.getTarget());
        for (Record record : records(tables.nodes(host), host)) {
          if (record.getType() == Type.A || record.getType() == Type.AAAA) {
            found.add(record);
          }
        }
      }
    }
    return List.copyOf(found);
  }

  private Record soa(Snapshot tables, String zone) {
    for (Record record : records(tables.nodes(zone), zone)) {
      if (record.getType() == Type.SOA) {
        return record;
      }
    }
    // The same names and intervals that CoreDNS's kubernetes plugin gives.
    return new SOARecord(
        name(zone),
        DClass.IN,
        ttl,
        name("ns.dns." + zone),
        name("hostmaster." + zone),
        serial,
        7200,
        1800,
        86_400,
        ttl);
  }

  /**
   * The first name of the search path that has records. Empty non-terminals do not count: else
   * every namespace would take the name of a top-level domain away.
   */
  private @Nullable String completed(Snapshot tables, String name) {
    if (name.isEmpty()) {
      return null;
    }
    for (String domain : tables.search()) {
      if (domain.isEmpty()) {
        continue;
      }
      String candidate = name + "." + domain;
      for (Node node : tables.nodes(candidate)) {
        if (!node.records(name(candidate), ttl).isEmpty()) {
          return candidate;
        }
      }
    }
    return null;
  }

  private static Record renamed(Record record, Name owner) {
    return record.getName().equals(owner) ? record : record.withName(owner);
  }

  private static Name name(String text) {
    try {
      return Name.fromString(text + ".");
    } catch (TextParseException e) {
      throw new IllegalArgumentException(
          "name: '" + text + "' (expected: a domain name, RFC 1035 2.3.1)", e);
    }
  }

  /** A name as the tables' key. */
  static String text(Name name) {
    return RecordText.normalize(name.toString());
  }
}
