package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.teleproxy.tables.AskedNames;
import io.teleproxy.tables.Snapshot;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

/** Decides who answers a query, and answers at once where that is possible. Thread-safe. */
final class Responder {
  /** Stands for: this query gets no reply. The only buffer here that is empty. */
  private static final ByteBuf NOTHING = Unpooled.EMPTY_BUFFER;

  private static final Logger LOG = LoggerFactory.getLogger(Responder.class);

  private final LocalNames names;
  private final Supplier<Snapshot> visible;
  private final ResolverChain resolvers;
  private final Relay relay;
  private final DnsMeters meters;
  private final AddressAdmission admission;
  private final QueryLog log = new QueryLog();
  private final AskedNames asked = new AskedNames();

  Responder(
      LocalNames names,
      Supplier<Snapshot> visible,
      ResolverChain resolvers,
      Relay relay,
      DnsMeters meters,
      AddressAdmission admission) {
    this.names = names;
    this.visible = visible;
    this.resolvers = resolvers;
    this.relay = relay;
    this.meters = meters;
    this.admission = admission;
  }

  AddressAdmission admission() {
    return admission;
  }

  ResolverChain resolvers() {
    return resolvers;
  }

  Relay relay() {
    return relay;
  }

  DnsMeters meters() {
    return meters;
  }

  AskedNames asked() {
    return asked;
  }

  QueryLog log() {
    return log;
  }

  NameJourney journey(Name name) {
    return names.journey(visible.get(), name);
  }

  /**
   * Answers from the tables.
   *
   * @param query reads the request; holds its content afterwards
   * @param cache known answers, or null to do without
   * @return the reply, an empty buffer for no reply at all, or null if others have to be asked
   *     ({@link Inquiry})
   */
  @Nullable ByteBuf atOnce(
      ByteBufAllocator allocator,
      QueryReader query,
      ByteBuf request,
      boolean tcp,
      @Nullable AnswerCache cache) {
    meters.count(DnsMeters.QUERY);
    long start = log.watched() ? System.nanoTime() : 0;
    switch (query.read(request)) {
      case DROP -> {
        meters.count(DnsMeters.MALFORMED);
        return NOTHING;
      }
      case FORMAT_ERROR -> {
        meters.count(DnsMeters.MALFORMED);
        return AnswerTemplate.error(allocator, query, request, Rcode.FORMERR);
      }
      case OPAQUE -> {
        return null;
      }
      case QUESTION -> {
        // below
      }
    }
    Snapshot tables = visible.get();
    AnswerTemplate template = cache == null ? null : cache.get(tables, query);
    if (template == null) {
      Name name = query.name();
      LocalAnswer found = find(tables, name, query, true);
      if (found == null || found.elsewhere() != null) {
        return null;
      }
      template = new AnswerTemplate(found, name);
      if (cache != null) {
        cache.put(query, template);
      }
    }
    if (admission != AddressAdmission.ALWAYS && !admission.admitted(template.addresses())) {
      return null;
    }
    if (!query.tailReadable) {
      meters.count(DnsMeters.MALFORMED);
      return AnswerTemplate.error(allocator, query, request, Rcode.FORMERR);
    }
    meters.count(DnsMeters.LOCAL);
    template.noteIn(asked);
    ByteBuf reply = template.reply(allocator, query, request, tcp ? 0xffff : query.datagramLimit());
    if (start != 0) {
      log.add(query, "tables", reply, start);
    }
    return reply;
  }

  /** Makes the answer for a name that the tables have, and throws it away. */
  void rehearse(Snapshot tables, Name name) {
    ByteBuf request = Unpooled.buffer();
    // RFC 1035 §4.1.1: recursion desired, one question.
    request.writeLong(0x0000_0100_0001_0000L).writeInt(0);
    request.writeBytes(name.toWire()).writeShort(Type.A).writeShort(DClass.IN);
    QueryReader query = new QueryReader();
    if (query.read(request) == QueryReader.Verdict.QUESTION) {
      LocalAnswer found = find(tables, query.name(), query, true);
      if (found != null) {
        new AnswerTemplate(found, query.name())
            .reply(UnpooledByteBufAllocator.DEFAULT, query, request, query.datagramLimit())
            .release();
      }
    }
  }

  /** Whether tables and resolvers may have a say. */
  boolean mayKnow(Name name) {
    return names.mayKnow(name);
  }

  /** What the tables know now; null if nothing. */
  @Nullable LocalAnswer find(Name name, QueryReader query, boolean completing) {
    return find(visible.get(), name, query, completing);
  }

  private @Nullable LocalAnswer find(
      Snapshot tables, Name name, QueryReader query, boolean completing) {
    if (query.dnsClass != DClass.IN && query.dnsClass != DClass.ANY) {
      return null;
    }
    try {
      LocalAnswer found = names.find(tables, name, query.type, completing);
      boolean transfer = query.type == Type.AXFR || query.type == Type.IXFR;
      return found != null && transfer ? LocalAnswer.failure(Rcode.REFUSED) : found;
    } catch (IllegalArgumentException e) {
      LOG.debug("dns: a table holds what is no DNS data", e);
      return LocalAnswer.failure(Rcode.SERVFAIL);
    }
  }
}
