package io.teleproxy.agent.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.function.Consumer;

/**
 * UDP datagrams as capsules on a stream: type 0, length, context id 0, payload (RFC 9297 §3.2 and
 * §3.5, RFC 9298 §5). Reads one direction of one stream; capsules of other kinds are skipped, as
 * the RFC wants. Confined to one thread.
 */
public final class DatagramCapsules {
  /** The largest payload that UDP over IPv4 can have. */
  public static final int MAX_PAYLOAD = 65_507;

  /** Type and length, and the context id that counts to the length. */
  private static final int MAX_HEADER = 1 + 8 + 1;

  private final Consumer<ByteBuf> datagrams;
  private ByteBuf partial = Unpooled.EMPTY_BUFFER;
  private long skip;
  private boolean reading;
  private boolean closed;

  /**
   * Reads one direction.
   *
   * @param datagrams given each payload, valid during the call
   */
  public DatagramCapsules(Consumer<ByteBuf> datagrams) {
    this.datagrams = datagrams;
  }

  /** A capsule with this payload. */
  public static ByteBuf capsule(ByteBufAllocator alloc, ByteBuf payload) {
    int length = payload.readableBytes() + 1;
    ByteBuf out = alloc.directBuffer(MAX_HEADER + length);
    out.writeByte(0);
    writeVarint(out, length);
    return out.writeByte(0).writeBytes(payload, payload.readerIndex(), payload.readableBytes());
  }

  /** Takes all of these bytes. */
  public void read(ByteBuf data) {
    boolean resumed = partial.isReadable();
    if (resumed) {
      partial.writeBytes(data);
    }
    ByteBuf in = resumed ? partial : data;
    reading = true;
    while (!closed && capsule(in)) {}
    reading = false;
    if (closed || (resumed && !partial.isReadable())) {
      free();
    } else if (resumed) {
      partial.discardReadBytes();
    } else if (in.isReadable()) {
      partial = in.alloc().heapBuffer(in.readableBytes() + 512).writeBytes(in);
    }
  }

  /** Nothing is read any more; what is held of an unfinished capsule is freed. */
  public void close() {
    closed = true;
    if (!reading) {
      free();
    }
  }

  private void free() {
    partial.release();
    partial = Unpooled.EMPTY_BUFFER;
  }

  private boolean capsule(ByteBuf in) {
    if (skip > 0) {
      int skipped = (int) Math.min(skip, in.readableBytes());
      in.skipBytes(skipped);
      skip -= skipped;
      return skip == 0 && in.isReadable();
    }
    int start = in.readerIndex();
    long type = readVarint(in);
    long length = type < 0 ? -1 : readVarint(in);
    if (length < 0) {
      in.readerIndex(start);
      return false;
    }
    if (type != 0 || length > MAX_PAYLOAD + 8) {
      skip = length;
      return in.isReadable();
    }
    if (in.readableBytes() < length) {
      in.readerIndex(start);
      return false;
    }
    int end = in.readerIndex() + (int) length;
    long context = readVarint(in);
    if (context == 0 && in.readerIndex() <= end) {
      datagrams.accept(in.slice(in.readerIndex(), end - in.readerIndex()));
    }
    in.readerIndex(end);
    return in.isReadable();
  }

  /** A number of RFC 9000 §16; -1 if it is not all there. */
  private static long readVarint(ByteBuf in) {
    if (!in.isReadable()) {
      return -1;
    }
    int first = in.getUnsignedByte(in.readerIndex());
    int size = 1 << (first >> 6);
    if (in.readableBytes() < size) {
      return -1;
    }
    in.skipBytes(1);
    long value = first & 0x3f;
    for (int i = 1; i < size; i++) {
      value = value << 8 | in.readUnsignedByte();
    }
    return value;
  }

  private static void writeVarint(ByteBuf out, int value) {
    if (value < 1 << 6) {
      out.writeByte(value);
    } else if (value < 1 << 14) {
      out.writeShort(value | 1 << 14);
    } else {
      out.writeInt(value | 1 << 31);
    }
  }
}
