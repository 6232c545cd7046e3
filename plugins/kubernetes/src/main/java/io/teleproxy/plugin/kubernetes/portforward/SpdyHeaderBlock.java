package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/**
 * Name/value header blocks of SPDY/3 (draft-mbelshe-httpbis-spdy-00 §2.6.10), as a zlib stream (RFC
 * 1950) of stored blocks (RFC 1951 §3.2.4). The blocks here are some sixty bytes long; a compressor
 * would cost 256 KiB of native memory on every connection and save nothing.
 */
final class SpdyHeaderBlock {
  /** CMF 0x78 and FLG with FDICT set, then the Adler-32 of the dictionary of SPDY/3. */
  private static final int ZLIB_HEADER = 0x7820;

  private static final int SPDY3_DICTIONARY = 0xe3c6a7c2;

  private SpdyHeaderBlock() {}

  /**
   * Appends a header block.
   *
   * @param first whether it is the first on this connection: all of them are one zlib stream
   * @param namesAndValues in turn, names in lower case
   */
  static void append(ByteBuf out, boolean first, String... namesAndValues) {
    if (first) {
      out.writeShort(ZLIB_HEADER).writeInt(SPDY3_DICTIONARY);
    }
    int length = 4;
    for (String text : namesAndValues) {
      length += 4 + text.length();
    }
    out.writeByte(0).writeShortLE(length).writeShortLE(~length);
    out.writeInt(namesAndValues.length / 2);
    for (String text : namesAndValues) {
      out.writeInt(text.length());
      ByteBufUtil.writeAscii(out, text);
    }
    // An empty block, as a flush leaves it: Go's decompressor hands nothing out before it.
    out.writeByte(0).writeShortLE(0).writeShortLE(~0);
  }
}
