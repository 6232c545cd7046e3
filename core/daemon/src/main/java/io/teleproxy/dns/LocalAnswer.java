package io.teleproxy.dns;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;

/**
 * What the tables or a resolver have to say about a question.
 *
 * @param rcode RFC 1035 §4.1.1
 * @param answers the answer section, aliases first
 * @param firstTurning index in {@code answers} from which the order is changed from reply to reply
 * @param authority the authority section
 * @param additional the additional section
 * @param elsewhere where an alias leads that the tables know nothing about, else null
 */
record LocalAnswer(
    int rcode,
    List<Record> answers,
    int firstTurning,
    List<Record> authority,
    List<Record> additional,
    @Nullable Name elsewhere) {

  static LocalAnswer failure(int rcode) {
    return new LocalAnswer(rcode, List.of(), 0, List.of(), List.of(), null);
  }

  /**
   * This answer's aliases, and what was found at the end of them. That nothing is there is no
   * error: the alias exists.
   */
  LocalAnswer leadingTo(LocalAnswer found) {
    List<Record> all = new ArrayList<>(answers);
    all.addAll(found.answers);
    return new LocalAnswer(
        found.rcode == Rcode.NXDOMAIN ? Rcode.NOERROR : found.rcode,
        all,
        answers.size() + found.firstTurning,
        found.authority,
        found.additional,
        found.elsewhere);
  }

  /** Whether we may say that this is what the zone's own server would say. */
  boolean isAuthoritative() {
    return rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN;
  }

  /** All addresses in it. */
  List<InetAddress> addresses() {
    List<InetAddress> addresses = addresses(answers);
    addresses.addAll(addresses(additional));
    return addresses;
  }

  /** Those of a section. */
  static List<InetAddress> addresses(List<Record> section) {
    List<InetAddress> addresses = new ArrayList<>();
    for (Record record : section) {
      if (record instanceof ARecord ipv4) {
        addresses.add(ipv4.getAddress());
      } else if (record instanceof AAAARecord ipv6) {
        addresses.add(ipv6.getAddress());
      }
    }
    return addresses;
  }

  /** How many different orders of the answers there are. */
  int turns() {
    return Math.max(1, answers.size() - firstTurning);
  }
}
