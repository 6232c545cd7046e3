package io.teleproxy.manual;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The manual page of one command: what picocli knows of it, and what holds for all of them. */
final class CommandPage {
  /** For commands that do not say it themselves. */
  private static final Map<String, String> EXIT_STATUS =
      Map.of(
          "0", "it did what it should",
          "2", "something that you can mend; the message says what and how",
          "70", "a fault of teleproxy itself; the message is a stack trace");

  private final CommandSpec command;
  private final UsageMessageSpec usage;
  private final List<String> description;

  CommandPage(CommandLine command) {
    this.command = command.getCommandSpec();
    usage = this.command.usageMessage();
    description = Arrays.stream(usage.description()).filter(line -> !line.isEmpty()).toList();
  }

  /** Its name as that of a file: {@code teleproxy-plugins-list}. */
  String name() {
    return command.qualifiedName("-");
  }

  private String summary() {
    String first = description.get(0);
    int end = first.indexOf(". ");
    String sentence = end < 0 ? first.replaceAll("\\.$", "") : first.substring(0, end);
    return sentence.substring(0, 1).toLowerCase(Locale.ROOT) + sentence.substring(1);
  }

  String text(String date, String version) {
    Troff page = new Troff(name(), 1, date, version);
    page.section("NAME").line(name() + " - " + summary());
    page.section("SYNOPSIS").bold(synopsis());
    page.section("DESCRIPTION").line(description.get(0));
    description.stream().skip(1).forEach(page::paragraph);
    arguments(page);
    options(page);
    commands(page);
    exitStatus(page);
    Surroundings.environment(page);
    Surroundings.files(page);
    examples(page);
    seeAlso(page);
    return page.toString();
  }

  private String synopsis() {
    List<String> words = new ArrayList<>(List.of(command.qualifiedName()));
    for (OptionSpec option : command.options()) {
      if (!option.hidden() && !option.usageHelp() && !option.versionHelp()) {
        words.add("[" + option.longestName() + value(option) + "]");
      }
    }
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      String label = parameter.paramLabel();
      words.add(parameter.arity().min() == 0 ? "[" + label + "]" : label);
    }
    if (!command.subcommands().isEmpty()) {
      words.add(command.parent() == null ? "[COMMAND]" : "COMMAND");
    }
    return String.join(" ", words);
  }

  private static String value(OptionSpec option) {
    if (option.arity().max() == 0) {
      return "";
    }
    String label = option.paramLabel();
    return " " + label + (option.splitRegex().equals(",") ? "[," + label + "]..." : "");
  }

  private void arguments(Troff page) {
    if (!command.positionalParameters().isEmpty()) {
      page.section("ARGUMENTS");
      command.positionalParameters().forEach(one -> page.term(one.paramLabel(), words(one)));
    }
  }

  private void options(Troff page) {
    page.section("OPTIONS");
    for (OptionSpec option : command.options()) {
      if (!option.hidden()) {
        page.term(String.join(", ", option.names()) + value(option), words(option));
      }
    }
  }

  private static String words(ArgSpec argument) {
    return String.join(" ", argument.description());
  }

  private void commands(Troff page) {
    if (!command.subcommands().isEmpty()) {
      page.section("COMMANDS");
      for (CommandLine sub : command.subcommands().values()) {
        CommandPage of = new CommandPage(sub);
        page.term(sub.getCommandName(), of.description.get(0) + " See " + of.name() + "(1).");
      }
    }
  }

  private void exitStatus(Troff page) {
    page.section("EXIT STATUS");
    Map<String, String> own = usage.exitCodeList();
    Map<String, String> all = own.isEmpty() ? new TreeMap<>(EXIT_STATUS) : own;
    all.forEach((status, meaning) -> page.term(status.strip(), meaning + "."));
  }

  private void examples(Troff page) {
    if (usage.footer().length > 0) {
      page.section("EXAMPLES");
      page.verbatim(Arrays.stream(usage.footer()).map(line -> line.substring(2)).toList());
    }
  }

  private void seeAlso(Troff page) {
    List<String> others = new ArrayList<>();
    for (CommandSpec above = command.parent(); above != null; above = above.parent()) {
      others.add(0, above.qualifiedName("-") + "(1)");
    }
    for (CommandLine sub : command.subcommands().values()) {
      others.add(sub.getCommandSpec().qualifiedName("-") + "(1)");
    }
    others.add(Surroundings.CONFIGURATION_PAGE + "(5)");
    page.section("SEE ALSO").line(others.stream().collect(Collectors.joining(", ")));
    page.paragraph(Surroundings.MORE);
  }
}
