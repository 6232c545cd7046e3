package io.teleproxy.cli;

import io.teleproxy.config.HostEnvironment;
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
    commands.addSubcommand(new RunCommand(program));
    commands.addSubcommand(new DemoCommand(program));
    CommandLine plugins = new CommandLine(new PluginsCommand());
    plugins.addSubcommand(new PluginsListCommand(program));
    plugins.addSubcommand(new PluginsVerifyCommand(program));
    commands.addSubcommand(plugins);
    commands.addSubcommand(new StatusCommand(program));
    commands.addSubcommand(new DoctorCommand(program));
    commands.addSubcommand(new ExplainCommand(program));
    commands.addSubcommand(new ConnectionsCommand(program));
    commands.addSubcommand(new DnsCommand(program));
    commands.addSubcommand(new TablesCommand(program));
    commands.addSubcommand(new StopCommand(program));
    commands.addSubcommand(new CleanupCommand(program));
    return commands;
  }

  /** Without subcommands, each of which costs a start some time. */
  static CommandLine bare(Program program) {
    return new CommandLine(new TeleproxyCommand(program));
  }
}
