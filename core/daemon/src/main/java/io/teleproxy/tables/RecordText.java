package io.teleproxy.tables;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;

/**
 * Resource records in presentation form (RFC 1035 §5.1) with absolute owner names, and names that
 * have no records.
 */
public final class RecordText {
  private RecordText() {}

  /**
   * Whether the text is an owner name alone: one that exists without having records (RFC 8020).
   *
   * @throws IllegalArgumentException if it is meant to be one and is no name
   */
  public static boolean isNameAlone(String text) {
    if (text.isEmpty() || ownerToken(text).length() < text.length() || !text.endsWith(".")) {
      return false;
    }
    try {
      Name.fromString(text);
      return true;
    } catch (TextParseException e) {
      throw new IllegalArgumentException(
          "record: '" + text + "' (expected: a domain name, RFC 1035 2.3.1)", e);
    }
  }

  /**
   * Refuses what is neither a record nor a name alone.
   *
   * @throws IllegalArgumentException naming the text and what is wrong with it
   */
  static void check(String text) {
    if (!isNameAlone(text)) {
      parse(text);
    }
  }

  /**
   * Reads one record.
   *
   * @throws IllegalArgumentException naming the text and what is wrong with it
   */
  public static Record parse(String text) {
    String owner = ownerToken(text);
    if (!owner.endsWith(".")) {
      throw new IllegalArgumentException(
          "record: '" + text + "' (expected: an absolute owner name, ending in a dot)");
    }
    // No origin and no default TTL: dnsjava then refuses relative names instead of guessing.
    try (Master master =
        new Master(new ByteArrayInputStream((text + "\n").getBytes(StandardCharsets.UTF_8)))) {
      master.disableIncludes();
      Record record = master.nextRecord();
      if (record == null || master.nextRecord() != null) {
        throw new IllegalArgumentException("record: '" + text + "' (expected: exactly one record)");
      }
      // The library reads some records that it cannot write.
      record.toWire(Section.ANSWER);
      return record;
    } catch (IOException | ArrayIndexOutOfBoundsException e) {
      throw new IllegalArgumentException(
          "record: '"
              + text
              + "' (expected: NAME. TTL CLASS TYPE DATA as in RFC 1035 5.1; "
              + e.getMessage()
              + ")",
          e);
    }
  }

  /** The owner name of a record's text in lower case without the final dot, without parsing it. */
  static String owner(String text) {
    String token = ownerToken(text);
    return normalize(token);
  }

  /** A DNS name as the tables' key: lower case, no final dot. */
  public static String normalize(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  private static String ownerToken(String text) {
    int space = text.indexOf(' ');
    int tab = text.indexOf('\t');
    int end = space < 0 ? tab : tab < 0 ? space : Math.min(space, tab);
    return end < 0 ? text : text.substring(0, end);
  }
}
