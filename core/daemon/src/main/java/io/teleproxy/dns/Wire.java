package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;

/** Reading DNS messages (RFC 1035 §4.1) where they lie. */
final class Wire {
  private Wire() {}

  static int u16(byte[] message, int at) {
    return (message[at] & 0xff) << 8 | (message[at + 1] & 0xff);
  }

  static int id(byte[] message) {
    return u16(message, 0);
  }

  /** Length of the first question, 0 if there is none that can be read. */
  static int questionLength(byte[] message) {
    if (u16(message, 4) == 0) {
      return 0;
    }
    int at = QueryReader.HEADER;
    while (at < message.length) {
      int label = message[at];
      if (label == 0) {
        int length = at + 5 - QueryReader.HEADER;
        return QueryReader.HEADER + length <= message.length ? length : 0;
      }
      if (label < 0 || label > 63) {
        return 0;
      }
      at += 1 + label;
    }
    return 0;
  }

  /**
   * Whether a message is the answer to a request: response flag, id, opcode and question (RFC 5452
   * §9.1). The question's case may differ; an error may come without it, and so may the answer to
   * an UPDATE (RFC 2136 §3.8).
   */
  static boolean answers(ByteBuf answer, byte[] request, int questionLength, int id) {
    int start = answer.readerIndex();
    if (answer.readableBytes() < QueryReader.HEADER || answer.getUnsignedShort(start) != id) {
      return false;
    }
    int flags = answer.getUnsignedShort(start + 2);
    int opcodes = (flags ^ u16(request, 2)) & QueryReader.OPCODE_MASK;
    if ((flags & QueryReader.FLAG_RESPONSE) == 0 || opcodes != 0) {
      return false;
    }
    if (questionLength == 0) {
      return true;
    }
    if (answer.getUnsignedShort(start + 4) == 0) {
      return (flags & (QueryReader.RCODE_MASK | QueryReader.OPCODE_MASK)) != 0;
    }
    if (answer.readableBytes() < QueryReader.HEADER + questionLength) {
      return false;
    }
    for (int i = QueryReader.HEADER; i < QueryReader.HEADER + questionLength; i++) {
      if (lower(answer.getByte(start + i)) != lower(request[i])) {
        return false;
      }
    }
    return true;
  }

  private static int lower(byte b) {
    return b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b;
  }
}
