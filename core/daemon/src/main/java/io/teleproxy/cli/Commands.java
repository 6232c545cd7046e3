package io.teleproxy.cli;

import io.teleproxy.config.HostEnvironment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;

/** The tree of commands, as picocli reads it. */
public final class Commands {
  private Commands() {}

  /** All of them, to be looked at and not executed: manual pages and completion are made of it. */
  public static CommandLine toRead() {
    return all(
        new Program(
            HostEnvironment.current(),
            System.out,
            System.err,
            () -> {
              throw new IllegalStateException("these commands are not to be executed");
            }));
  }

  static CommandLine all(Program program) {
    CommandLine commands = bare(program);
    subcommands(program).forEach((name, made) -> commands.addSubcommand(name, made.get()));
    return commands;
  }

  /**
   * The tree as far as this command line needs it: looking at the annotations of a command takes
   * picocli longer than most commands take to do their work.
   */
  static CommandLine whatItTakes(Program program, String... arguments) {
    Supplier<CommandLine> asked =
        arguments.length == 0 ? null : subcommands(program).get(arguments[0]);
    if (asked == null) {
      return all(program);
    }
    CommandLine commands = bare(program);
    commands.addSubcommand(arguments[0], asked.get());
    return commands;
  }

  /** By name, in the order of the help. */
  private static Map<String, Supplier<CommandLine>> subcommands(Program program) {
    Map<String, Supplier<CommandLine>> commands = new LinkedHashMap<>();
    commands.put("run", () -> new CommandLine(new RunCommand(program)));
    commands.put("demo", () -> new CommandLine(new DemoCommand(program)));
    commands.put("plugins", () -> plugins(program));
    commands.put("status", () -> new CommandLine(new StatusCommand(program)));
    commands.put("doctor", () -> new CommandLine(new DoctorCommand(program)));
    commands.put("explain", () -> new CommandLine(new ExplainCommand(program)));
    commands.put("connections", () -> new CommandLine(new ConnectionsCommand(program)));
    commands.put("dns", () -> new CommandLine(new DnsCommand(program)));
    commands.put("tables", () -> new CommandLine(new TablesCommand(program)));
    commands.put("stop", () -> new CommandLine(new StopCommand(program)));
    commands.put("cleanup", () -> new CommandLine(new CleanupCommand(program)));
    return commands;
  }

  private static CommandLine plugins(Program program) {
    CommandLine plugins = new CommandLine(new PluginsCommand());
    plugins.addSubcommand(new PluginsListCommand(program));
    plugins.addSubcommand(new PluginsVerifyCommand(program));
    return plugins;
  }

  /** Without subcommands, each of which costs a start some time. */
  static CommandLine bare(Program program) {
    return new CommandLine(new TeleproxyCommand(program));
  }
}
