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
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
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
  private final NamePolicy policy;
  private final ZoneApex apex;

  LocalNames(int ttl, NamePolicy policy) {
    this.ttl = ttl;
    this.policy = policy;
    this.apex = new ZoneApex(ttl);
  }

  /** How the name is resolved, for people. */
  NameJourney journey(Snapshot tables, Name asked) {
    return NameJourney.of(this, policy, tables, asked);
  }

  /** Whether it is our business at all to know the name. */
  boolean mayKnow(Name asked) {
    return policy.answers(text(asked));
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
    if (!policy.answers(name)) {
      return null;
    }
    if (!exists(tables, name)) {
      Optional<Snapshot.Zone> zone = tables.zone(name);
      if (zone.isPresent()) {
        return missing(tables, zone.get(), List.of());
      }
      String completed = completing && policy.completes(name) ? completed(tables, name) : null;
      if (completed == null) {
        return null;
      }
      name = completed;
    }
    return follow(tables, asked, name, type);
  }

  private boolean exists(Snapshot tables, String name) {
    return !tables.nodes(name).isEmpty()
        || tables.zone(name).filter(zone -> apex.has(zone, name)).isPresent();
  }

  private LocalAnswer follow(Snapshot tables, Name asked, String start, int type) {
    List<Record> answers = new ArrayList<>(2);
    Name owner = asked;
    String name = start;
    for (int alias = 0; alias <= MAX_ALIASES; alias++) {
      List<Record> records = records(tables, name);
      int first = answers.size();
      Record cname = collect(records, owner, type, answers);
      if (answers.size() > first) {
        return new LocalAnswer(
            Rcode.NOERROR, answers, first, List.of(), additional(tables, answers), null);
      }
      if (cname == null) {
        return empty(tables, name, records.isEmpty(), answers);
      }
      answers.add(renamed(cname, owner));
      owner = ((CNAMERecord) cname).getTarget();
      name = text(owner);
      if (!policy.answers(name) || (!exists(tables, name) && tables.zone(name).isEmpty())) {
        return new LocalAnswer(Rcode.NOERROR, answers, answers.size(), List.of(), List.of(), owner);
      }
      if (!exists(tables, name)) {
        return missing(tables, tables.zone(name).orElseThrow(), answers);
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

  /**
   * The name exists, but has nothing of this type.
   *
   * @param nonTerminal whether it has nothing at all: it may get something by the time its zone has
   *     been read
   */
  private LocalAnswer empty(
      Snapshot tables, String name, boolean nonTerminal, List<Record> aliases) {
    Optional<Snapshot.Zone> zone = tables.zone(name);
    if (zone.isEmpty()) {
      return negative(Rcode.NOERROR, aliases, List.of());
    }
    if (!zone.get().synced() && (nonTerminal || name.equals(zone.get().name()))) {
      return LocalAnswer.failure(Rcode.SERVFAIL);
    }
    return negative(Rcode.NOERROR, aliases, List.of(soa(tables, zone.get().name())));
  }

  /**
   * The name does not exist. At the end of an alias that is no error, as CoreDNS has it: the name
   * that was asked for is there.
   */
  private LocalAnswer missing(Snapshot tables, Snapshot.Zone zone, List<Record> aliases) {
    if (!zone.synced()) {
      return LocalAnswer.failure(Rcode.SERVFAIL);
    }
    int rcode = aliases.isEmpty() ? Rcode.NXDOMAIN : Rcode.NOERROR;
    return negative(rcode, aliases, List.of(soa(tables, zone.name())));
  }

  private static LocalAnswer negative(int rcode, List<Record> aliases, List<Record> authority) {
    return new LocalAnswer(rcode, aliases, aliases.size(), authority, List.of(), null);
  }

  /** Everything that the name has. */
  private List<Record> records(Snapshot tables, String name) {
    List<Record> held = held(tables, name);
    Snapshot.Zone zone = tables.zone(name).orElse(null);
    return zone == null || !apex.has(zone, name)
        ? held
        : apex.complete(tables, zone.name(), name, held, held(tables, zone.name()));
  }

  /** What the tables hold. */
  private List<Record> held(Snapshot tables, String name) {
    List<Node> nodes = tables.nodes(name);
    if (nodes.size() == 1) {
      return nodes.get(0).records(name(name), ttl);
    }
    Set<Record> all = new LinkedHashSet<>();
    for (Node node : nodes) {
      all.addAll(node.records(name(name), ttl));
    }
    return List.copyOf(all);
  }

  /** Addresses of the hosts that services are on (RFC 2782), and of nameservers. */
  private List<Record> additional(Snapshot tables, List<Record> answers) {
    Set<Record> found = new LinkedHashSet<>(0);
    for (Record answer : answers) {
      Name host =
          answer instanceof SRVRecord srv
              ? srv.getTarget()
              : answer instanceof NSRecord ns ? ns.getTarget() : null;
      if (host == null) {
        continue;
      }
      for (Record record : records(tables, text(host))) {
        if (record.getType() == Type.A || record.getType() == Type.AAAA) {
          found.add(record);
        }
      }
    }
    return List.copyOf(found);
  }

  private Record soa(Snapshot tables, String zone) {
    for (Record record : records(tables, zone)) {
      if (record.getType() == Type.SOA) {
        return record;
      }
    }
    throw new IllegalStateException("every zone has an SOA record: " + zone);
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

  static Name name(String text) {
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
