/** The command line (picocli). */
@NullMarked
package io.teleproxy.cli;

import org.jspecify.annotations.NullMarked;
