package io.teleproxy.dns;

import io.teleproxy.tables.Snapshot;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers in wire form to the questions that were asked of one snapshot of the tables. Forgets
 * everything when the tables change, and when it is full. Confined to one event loop.
 */
final class AnswerCache {
  private static final int CAPACITY = 8192;

  private final Map<Key, AnswerTemplate> templates = new HashMap<>();
  private final Key probe = new Key(new byte[QueryReader.MAX_QUESTION], 0);
  private @Nullable Snapshot of;

  /** The answer that is known for the question that the reader has just read. */
  @Nullable AnswerTemplate get(Snapshot tables, QueryReader query) {
    if (of != tables) {
      of = tables;
      templates.clear();
      return null;
    }
    probe.set(query.question, query.questionLength);
    return templates.get(probe);
  }

  void put(QueryReader query, AnswerTemplate template) {
    if (templates.size() >= CAPACITY) {
      templates.clear();
    }
    byte[] question = Arrays.copyOf(query.question, query.questionLength);
    templates.put(new Key(question, question.length), template);
  }

  /** A question in lower case; only the probe is ever changed. */
  private static final class Key {
    private byte[] bytes;
    private int length;
    private int hash;

    Key(byte[] bytes, int length) {
      this.bytes = bytes;
      set(bytes, length);
    }

    void set(byte[] question, int questionLength) {
      bytes = question;
      length = questionLength;
      int h = 1;
      for (int i = 0; i < questionLength; i++) {
        h = 31 * h + question[i];
      }
      hash = h;
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key && Arrays.equals(bytes, 0, length, key.bytes, 0, key.length);
    }
  }
}
