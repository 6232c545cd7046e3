package io.teleproxy.manual;

import java.util.List;
import java.util.Locale;

/**
 * Text with the macros of man(7), as far as groff and mandoc agree about them. Each paragraph is
 * given as people would write it; what troff would take for its own is escaped here.
 */
final class Troff {
  private final StringBuilder text = new StringBuilder();
  private boolean isInSection;

  /**
   * The head of a page.
   *
   * @param date as {@code 2026-11-23}
   */
  Troff(String name, int section, String date, String version) {
    // The date as it is: escaped it would be none.
    String title = escaped(name.toUpperCase(Locale.ROOT));
    text.append(".TH \"%s\" %d %s \"%s\"\n".formatted(title, section, date, escaped(version)));
  }

  Troff section(String title) {
    isInSection = false;
    return macro("SH", title);
  }

  Troff paragraph(String words) {
    text.append(".PP\n");
    return line(words);
  }

  /** The first paragraph of a section needs no mark, and mandoc does not like one. */
  Troff line(String words) {
    isInSection = true;
    text.append(escaped(words)).append('\n');
    return this;
  }

  Troff bold(String words) {
    return macro("B", words);
  }

  /** A term in bold with its explanation, one of a list. */
  Troff term(String term, String meaning) {
    text.append(".TP\n");
    return bold(term).line(meaning);
  }

  /** Lines as they are, such as commands to type. */
  Troff verbatim(List<String> lines) {
    text.append(isInSection ? ".PP\n" : "").append(".nf\n.RS 4\n");
    isInSection = true;
    lines.forEach(this::line);
    text.append(".RE\n.fi\n");
    return this;
  }

  private Troff macro(String name, String... arguments) {
    text.append('.').append(name);
    for (String argument : arguments) {
      text.append(" \"").append(escaped(argument).replace("\"", "\\(dq")).append('"');
    }
    text.append('\n');
    return this;
  }

  /** A hyphen would be typeset as one, so that what is copied from the page would not work. */
  private static String escaped(String words) {
    String escaped =
        words
            .replace("\\", "\\e")
            .replace("-", "\\-")
            .replace("'", "\\(aq")
            .replace("`", "\\(ga")
            .replace("^", "\\(ha")
            .replace("~", "\\(ti");
    return escaped.startsWith(".") ? "\\&" + escaped : escaped;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
