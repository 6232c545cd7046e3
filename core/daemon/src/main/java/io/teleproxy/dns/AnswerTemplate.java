package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.teleproxy.tables.AskedNames;
import io.teleproxy.tables.AskedNames.Asked;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DNSOutput;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;

/**
 * An answer in wire form, into which a reply only has to write the id, the flags and the question
 * as it was asked. Owner names that equal the question are compression pointers to it, so that they
 * appear in the case in which they were asked. Confined to one thread, because of the order of the
 * records, which goes on by one with every reply.
 */
final class AnswerTemplate {
  private static final int POINTER = 0xc000;
  private static final int MAX_POINTER = 0x3fff;

  /** More orders than this would be memory for nothing. */
  private static final int MAX_TURNS = 8;

  private static final int TYPE_OPT = 41;
  private static final int BAD_VERSION = 1;

  /** Our own limit for what we receive over UDP, told in OPT. */
  private static final int PAYLOAD = 1232;

  private final LocalAnswer answer;
  private final Name question;
  private final int questionLength;
  private final @Nullable Sections[] turns;
  private int turn;
  private @Nullable List<InetAddress> addresses;
  private @Nullable List<Asked> asked;

  AnswerTemplate(LocalAnswer answer, Name question) {
    this.answer = answer;
    this.question = question;
    this.questionLength = question.length() + 4;
    this.turns = new Sections[Math.min(MAX_TURNS, answer.turns())];
  }

  /** The addresses that it tells. */
  List<InetAddress> addresses() {
    List<InetAddress> known = addresses;
    if (known == null) {
      known = answer.addresses();
      addresses = known;
    }
    return known;
  }

  /** That the question was asked, and is being answered with these addresses. */
  void noteIn(AskedNames names) {
    List<Asked> known = asked;
    if (known == null) {
      known = asked();
      asked = known;
    }
    for (int i = 0; i < known.size(); i++) {
      names.answered(known.get(i));
    }
  }

  private List<Asked> asked() {
    String name = question.toString(true).toLowerCase(Locale.ROOT);
    List<Asked> all = new ArrayList<>();
    for (InetAddress address : LocalAnswer.addresses(answer.answers())) {
      all.add(new Asked(address, name));
    }
    return all;
  }

  /**
   * Writes a reply.
   *
   * @param limit bytes that the client can take
   */
  ByteBuf reply(ByteBufAllocator allocator, QueryReader query, ByteBuf request, int limit) {
    Sections sections = nextTurn();
    int room = limit - QueryReader.HEADER - questionLength - (query.edns ? 11 : 0);
    int length = sections.bytes.length;
    int answers = sections.answerEnds.length;
    int authorities = answer.authority().size();
    int additional = answer.additional().size();
    boolean truncated = false;
    if (length > room) {
      // What is only additional may be left out silently (RFC 2181 §9).
      additional = 0;
      length = sections.authorityEnd;
      if (length > room) {
        truncated = true;
        authorities = 0;
        answers = sections.answersWithin(room);
        length = answers == 0 ? 0 : sections.answerEnds[answers - 1];
      }
    }
    boolean badVersion = query.edns && query.ednsVersion != 0;
    if (badVersion) {
      truncated = false;
      answers = authorities = additional = length = 0;
    }
    ByteBuf reply = allocator.buffer(QueryReader.HEADER + questionLength + length + 11);
    reply.writeShort(query.id);
    reply.writeShort(
        QueryReader.FLAG_RESPONSE
            | QueryReader.FLAG_RECURSION_AVAILABLE
            | (query.flags
                & (QueryReader.FLAG_RECURSION_DESIRED | QueryReader.FLAG_CHECKING_DISABLED))
            | (answer.isAuthoritative() ? QueryReader.FLAG_AUTHORITATIVE : 0)
            | (truncated ? QueryReader.FLAG_TRUNCATED : 0)
            | (badVersion ? 0 : answer.rcode() & QueryReader.RCODE_MASK));
    reply.writeShort(1);
    reply.writeShort(answers);
    reply.writeShort(authorities);
    reply.writeShort(additional + (query.edns ? 1 : 0));
    reply.writeBytes(request, request.readerIndex() + QueryReader.HEADER, questionLength);
    reply.writeBytes(sections.bytes, 0, length);
    if (query.edns) {
      writeOpt(reply, badVersion ? BAD_VERSION : 0, query.dnssecOk);
    }
    return reply;
  }

  /** Writes a reply that has no records: an rcode and the question, if it could be read. */
  static ByteBuf error(ByteBufAllocator allocator, QueryReader query, ByteBuf request, int rcode) {
    int question = query.questionLength;
    ByteBuf reply = allocator.buffer(QueryReader.HEADER + question + 11);
    reply.writeShort(query.id);
    reply.writeShort(
        QueryReader.FLAG_RESPONSE
            | QueryReader.FLAG_RECURSION_AVAILABLE
            | (query.flags & (QueryReader.OPCODE_MASK | QueryReader.FLAG_RECURSION_DESIRED))
            | rcode);
    reply.writeShort(question > 0 ? 1 : 0);
    reply.writeInt(0);
    reply.writeShort(query.edns ? 1 : 0);
    reply.writeBytes(request, request.readerIndex() + QueryReader.HEADER, question);
    if (query.edns) {
      writeOpt(reply, 0, query.dnssecOk);
    }
    return reply;
  }

  private static void writeOpt(ByteBuf reply, int extendedRcode, boolean dnssecOk) {
    reply.writeByte(0);
    reply.writeShort(TYPE_OPT);
    reply.writeShort(PAYLOAD);
    reply.writeByte(extendedRcode);
    reply.writeByte(0);
    reply.writeShort(dnssecOk ? 0x8000 : 0);
    reply.writeShort(0);
  }

  private Sections nextTurn() {
    turn = turn + 1 < turns.length ? turn + 1 : 0;
    Sections sections = turns[turn];
    if (sections == null) {
      sections = render(turn);
      turns[turn] = sections;
    }
    return sections;
  }

  private Sections render(int rotation) {
    DNSOutput out = new DNSOutput();
    Map<Name, Integer> offsets = new HashMap<>();
    offsets.put(question, QueryReader.HEADER);
    List<Record> answers = answer.answers();
    int turning = answers.size() - answer.firstTurning();
    int[] ends = new int[answers.size()];
    for (int i = 0; i < ends.length; i++) {
      int first = answer.firstTurning();
      int from = i < first ? i : first + (i - first + rotation) % turning;
      write(out, answers.get(from), offsets);
      ends[i] = out.current();
    }
    for (Record record : answer.authority()) {
      write(out, record, offsets);
    }
    int authorityEnd = out.current();
    for (Record record : answer.additional()) {
      write(out, record, offsets);
    }
    return new Sections(out.toByteArray(), ends, authorityEnd);
  }

  private void write(DNSOutput out, Record record, Map<Name, Integer> offsets) {
    int start = QueryReader.HEADER + questionLength;
    Name owner = record.getName();
    Integer known = offsets.get(owner);
    if (known != null) {
      out.writeU16(POINTER | known);
    } else {
      remember(offsets, owner, start + out.current());
      out.writeByteArray(owner.toWire());
    }
    byte[] whole = record.toWire(Section.ANSWER);
    int data = out.current() + 10;
    out.writeByteArray(whole, owner.length(), whole.length - owner.length());
    if (record instanceof CNAMERecord cname) {
      remember(offsets, cname.getTarget(), start + data);
    } else if (record instanceof SRVRecord srv) {
      remember(offsets, srv.getTarget(), start + data + 6);
    }
  }

  private static void remember(Map<Name, Integer> offsets, Name name, int offset) {
    if (offset <= MAX_POINTER) {
      offsets.putIfAbsent(name, offset);
    }
  }

  /**
   * All that follows the question.
   *
   * @param answerEnds where each record of the answer section ends in {@code bytes}
   * @param authorityEnd where the authority section ends
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Sections(byte[] bytes, int[] answerEnds, int authorityEnd) {
    int answersWithin(int room) {
      int at = Arrays.binarySearch(answerEnds, room);
      return at >= 0 ? at + 1 : -at - 1;
    }
  }
}
