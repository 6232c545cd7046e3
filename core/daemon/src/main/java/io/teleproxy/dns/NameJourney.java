package io.teleproxy.dns;

import io.teleproxy.tables.RecordText;
import io.teleproxy.tables.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * How a name is resolved, step by step, as {@link LocalNames} does it.
 *
 * @param steps what was looked at, in order, each with what was found
 * @param local whether the tables answer; otherwise the query goes to resolvers and nameservers
 * @param result the response code where the tables answer, else empty
 * @param records what they answer to questions for A and AAAA, as text
 * @param addresses the addresses among them, as text
 */
public record NameJourney(
    List<String> steps,
    boolean local,
    String result,
    List<String> records,
    List<String> addresses) {

  static NameJourney of(LocalNames names, NamePolicy policy, Snapshot tables, Name asked) {
    String name = LocalNames.text(asked);
    List<String> steps = new ArrayList<>();
    if (!policy.answers(name)) {
      steps.add(name + ": below dns.excluded, so the tables are not asked");
      return new NameJourney(steps, false, "", List.of(), List.of());
    }
    look(policy, tables, name, steps);
    Set<String> records = new LinkedHashSet<>();
    Set<String> addresses = new LinkedHashSet<>();
    String result = "";
    boolean local = false;
    for (int type : new int[] {Type.A, Type.AAAA}) {
      LocalAnswer answer = names.find(tables, asked, type, true);
      if (answer == null) {
        continue;
      }
      local = true;
      result =
          result.isEmpty() || answer.rcode() != Rcode.NOERROR
              ? Rcode.string(answer.rcode())
              : result;
      for (Record record : answer.answers()) {
        records.add(Type.string(record.getType()) + " " + record.rdataToString());
        if (record instanceof ARecord a) {
          addresses.add(a.getAddress().getHostAddress());
        } else if (record instanceof AAAARecord aaaa) {
          addresses.add(aaaa.getAddress().getHostAddress());
        }
      }
    }
    return new NameJourney(steps, local, result, List.copyOf(records), List.copyOf(addresses));
  }

  private static void look(NamePolicy policy, Snapshot tables, String name, List<String> steps) {
    if (!tables.nodes(name).isEmpty()) {
      steps.add(name + ": in the tables");
      return;
    }
    Optional<Snapshot.Zone> zone = tables.zone(name);
    if (zone.isPresent()) {
      steps.add(
          name
              + ": not in the tables, but in the zone "
              + zone.get().name()
              + (zone.get().synced()
                  ? ", of which they have everything"
                  : ", which has not been read completely yet"));
      return;
    }
    steps.add(name + ": not in the tables");
    if (!policy.completes(name)) {
      steps.add("not completed by the search path: below dns.public or dns.excluded");
      return;
    }
    for (String domain : tables.search()) {
      String candidate = RecordText.normalize(name + "." + domain);
      boolean there = !tables.nodes(candidate).isEmpty();
      steps.add(candidate + (there ? ": in the tables" : ": not in the tables"));
      if (there) {
        return;
      }
    }
  }
}
