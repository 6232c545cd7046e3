package io.teleproxy.spi;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A set of ports: either all of them or disjoint ranges in ascending order.
 *
 * @param ranges empty means every port
 */
public record Ports(List<Range> ranges) implements Comparable<Ports> {
  /** Every port. */
  public static final Ports ALL = new Ports(List.of());

  /**
   * Ports from first to last, both included.
   *
   * @param first 1-65535
   * @param last first-65535
   */
  public record Range(int first, int last) {
    public Range {
      if (first < 1 || last > 65535 || first > last) {
        throw new IllegalArgumentException(
            "port: " + (first == last ? "" + first : first + "-" + last) + " (expected: 1-65535)");
      }
    }

    @Override
    public String toString() {
      return first == last ? Integer.toString(first) : first + "-" + last;
    }
  }

  public Ports {
    ranges = normalized(ranges);
  }

  public static Ports of(int port) {
    return new Ports(List.of(new Range(port, port)));
  }

  public static Ports of(Collection<Integer> ports) {
    return new Ports(ports.stream().map(port -> new Range(port, port)).toList());
  }

  /**
   * Reads {@code 80}, {@code 80,443}, {@code 8000-8010}; the empty text is {@link #ALL}.
   *
   * @throws IllegalArgumentException naming the text and what was expected
   */
  public static Ports parse(String text) {
    List<Range> ranges = new ArrayList<>();
    try {
      for (String part : text.isBlank() ? new String[0] : text.split(",", -1)) {
        String[] ends = part.trim().split("-", 2);
        ranges.add(new Range(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1])));
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "port: '" + text + "' (expected: ports 1-65535, as in 80,443 or 8000-8010)", e);
    }
    return new Ports(ranges);
  }

  public boolean isAll() {
    return ranges.isEmpty();
  }

  public boolean contains(int port) {
    return isAll() || ranges.stream().anyMatch(r -> r.first() <= port && port <= r.last());
  }

  /** How many they are: 1-65535. */
  public int count() {
    return isAll() ? 65_535 : ranges.stream().mapToInt(r -> r.last() - r.first() + 1).sum();
  }

  /** Listed ports before {@link #ALL}, so that the more specific comes first. */
  @Override
  public int compareTo(Ports other) {
    if (isAll() || other.isAll()) {
      return Boolean.compare(isAll(), other.isAll());
    }
    int byFirst = Integer.compare(ranges.get(0).first(), other.ranges.get(0).first());
    return byFirst != 0 ? byFirst : toString().compareTo(other.toString());
  }

  /** As {@link #parse} reads it; empty for every port. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Range range : ranges) {
      text.append(text.isEmpty() ? "" : ",").append(range);
    }
    return text.toString();
  }

  private static List<Range> normalized(List<Range> ranges) {
    if (ranges.size() < 2) {
      return List.copyOf(ranges);
    }
    Set<Range> sorted =
        new TreeSet<>(
            (a, b) ->
                a.first() != b.first()
                    ? Integer.compare(a.first(), b.first())
                    : Integer.compare(a.last(), b.last()));
    sorted.addAll(ranges);
    List<Range> merged = new ArrayList<>();
    for (Range range : sorted) {
      Range before = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (before != null && range.first() <= before.last() + 1) {
        merged.set(
            merged.size() - 1, new Range(before.first(), Math.max(before.last(), range.last())));
      } else {
        merged.add(range);
      }
    }
    return List.copyOf(merged);
  }
}
