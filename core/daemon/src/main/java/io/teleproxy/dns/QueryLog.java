package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

/**
 * The last queries and what became of them, kept only while somebody looks: a query that nobody
 * sees costs one comparison. Any thread.
 */
public final class QueryLog {
  private static final int REMEMBERED = 1000;

  /** Who looks again within this time sees everything between. */
  private static final long WATCHED_NANOS = 15_000_000_000L;

  private volatile long watchedUntil;
  private volatile boolean everWatched;

  // guarded by this
  private final Deque<Query> queries = new ArrayDeque<>();
  private long last;

  /**
   * One query.
   *
   * @param id ascending, without gaps
   * @param by {@code tables}, {@code nameserver}, or {@code nobody} where none answered
   * @param result the response code of RFC 1035 §4.1.1, or {@code FORMERR}
   * @param micros from the query to its answer
   */
  public record Query(
      long id, Instant at, String name, String type, String by, String result, long micros) {}

  /** What came after the query of this id; looking is what keeps the log going. */
  public List<Query> after(long id) {
    watchedUntil = System.nanoTime() + WATCHED_NANOS;
    everWatched = true;
    List<Query> found = new ArrayList<>();
    synchronized (this) {
      for (Query query : queries) {
        if (query.id() > id) {
          found.add(query);
        }
      }
    }
    return found;
  }

  boolean watched() {
    return everWatched && System.nanoTime() - watchedUntil < 0;
  }

  /** Notes an answer, while it is still ours. */
  void add(QueryReader query, String by, ByteBuf reply, long startedNanos) {
    int rcode =
        reply.readableBytes() < QueryReader.HEADER
            ? Rcode.SERVFAIL
            : reply.getUnsignedShort(reply.readerIndex() + 2) & QueryReader.RCODE_MASK;
    long micros = (System.nanoTime() - startedNanos) / 1000;
    String name = query.questionLength == 0 ? "" : query.name().toString();
    synchronized (this) {
      queries.addLast(
          new Query(
              ++last,
              Instant.now(),
              name,
              Type.string(query.type),
              by,
              Rcode.string(rcode),
              micros));
      if (queries.size() > REMEMBERED) {
        queries.removeFirst();
      }
    }
  }
}
