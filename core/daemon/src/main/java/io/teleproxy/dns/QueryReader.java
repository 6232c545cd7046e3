package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.Arrays;
import org.xbill.DNS.Name;

/**
 * Reads of a query what is needed to decide who answers it, without allocating. Reused for one
 * packet after the other; confined to one thread.
 */
final class QueryReader {
  static final int HEADER = 12;

  static final int FLAG_RESPONSE = 0x8000;
  static final int FLAG_AUTHORITATIVE = 0x0400;
  static final int FLAG_TRUNCATED = 0x0200;
  static final int FLAG_RECURSION_DESIRED = 0x0100;
  static final int FLAG_RECURSION_AVAILABLE = 0x0080;
  static final int FLAG_CHECKING_DISABLED = 0x0010;
  static final int OPCODE_MASK = 0x7800;
  static final int RCODE_MASK = 0x000f;

  /** A name of 255 bytes, type and class. */
  static final int MAX_QUESTION = 255 + 4;

  private static final int TYPE_OPT = 41;

  /** What kind of packet it is. */
  enum Verdict {
    /** An ordinary query with one question. */
    QUESTION,
    /** Something else that is none of our business; the nameserver may know it. */
    OPAQUE,
    /** Meant as an ordinary query, but its question cannot be read. */
    FORMAT_ERROR,
    /** Not a query at all. */
    DROP
  }

  /** The question section as in the packet, but in lower case. */
  final byte[] question = new byte[MAX_QUESTION];

  int questionLength;
  int id;
  int flags;
  int type;
  int dnsClass;

  /** Whether what follows the question could be read. */
  boolean tailReadable;

  boolean edns;
  int ednsPayload;
  int ednsVersion;
  boolean dnssecOk;

  Verdict read(ByteBuf packet) {
    int start = packet.readerIndex();
    int end = packet.writerIndex();
    questionLength = 0;
    edns = false;
    if (end - start < HEADER) {
      return Verdict.DROP;
    }
    id = packet.getUnsignedShort(start);
    flags = packet.getUnsignedShort(start + 2);
    if ((flags & FLAG_RESPONSE) != 0) {
      return Verdict.DROP;
    }
    int questions = packet.getUnsignedShort(start + 4);
    int answers = packet.getUnsignedShort(start + 6);
    int authorities = packet.getUnsignedShort(start + 8);
    if ((flags & OPCODE_MASK) != 0 || questions != 1 || answers != 0 || authorities != 0) {
      return Verdict.OPAQUE;
    }
    int length = questionLength(packet, start, end);
    if (length < 0) {
      return Verdict.FORMAT_ERROR;
    }
    packet.getBytes(start + HEADER, question, 0, length);
    // Lengths of labels are below 'A', so the whole name can be treated as letters.
    for (int i = 0; i < length - 4; i++) {
      byte b = question[i];
      if (b >= 'A' && b <= 'Z') {
        question[i] = (byte) (b + ('a' - 'A'));
      }
    }
    questionLength = length;
    type = packet.getUnsignedShort(start + HEADER + length - 4);
    dnsClass = packet.getUnsignedShort(start + HEADER + length - 2);
    tailReadable =
        readAdditional(packet, start + HEADER + length, end, packet.getUnsignedShort(start + 10));
    return Verdict.QUESTION;
  }

  /** The name that is asked for, in lower case. */
  Name name() {
    try {
      return new Name(Arrays.copyOf(question, questionLength - 4));
    } catch (IOException e) {
      throw new IllegalStateException("a question that was read is a name", e);
    }
  }

  /** How many bytes the client takes in one datagram. */
  int datagramLimit() {
    return edns ? Math.max(512, Math.min(4096, ednsPayload)) : 512;
  }

  /** Length of the first question in bytes, or -1 if it is not one uncompressed name. */
  static int questionLength(ByteBuf packet, int start, int end) {
    int at = start + HEADER;
    while (at < end) {
      int label = packet.getByte(at);
      if (label == 0) {
        int length = at + 1 + 4 - (start + HEADER);
        return length <= MAX_QUESTION && start + HEADER + length <= end ? length : -1;
      }
      if (label < 0 || label > 63) {
        return -1;
      }
      at += 1 + label;
    }
    return -1;
  }

  private boolean readAdditional(ByteBuf packet, int from, int end, int records) {
    int at = from;
    for (int i = 0; i < records; i++) {
      boolean root = at < end && packet.getByte(at) == 0;
      at = skipName(packet, at, end);
      if (at < 0 || end - at < 10) {
        return false;
      }
      if (packet.getUnsignedShort(at) == TYPE_OPT) {
        if (edns || !root) {
          return false;
        }
        edns = true;
        ednsPayload = packet.getUnsignedShort(at + 2);
        ednsVersion = packet.getUnsignedByte(at + 5);
        dnssecOk = (packet.getByte(at + 6) & 0x80) != 0;
      }
      at += 10 + packet.getUnsignedShort(at + 8);
      if (at > end) {
        return false;
      }
    }
    return true;
  }

  private static int skipName(ByteBuf packet, int from, int end) {
    int at = from;
    while (at < end) {
      int label = packet.getUnsignedByte(at);
      if (label == 0) {
        return at + 1;
      }
      if (label >= 0xc0) {
        return at + 2;
      }
      if (label > 63) {
        return -1;
      }
      at += 1 + label;
    }
    return -1;
  }
}
