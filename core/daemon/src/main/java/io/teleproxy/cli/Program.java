package io.teleproxy.cli;

import io.teleproxy.config.HostEnvironment;
import java.io.PrintStream;
import java.util.function.Supplier;

/**
 * What all commands need.
 *
 * @param runner made only when something is to be run
 */
record Program(
    HostEnvironment environment, PrintStream out, PrintStream err, Supplier<Runner> runner) {}
