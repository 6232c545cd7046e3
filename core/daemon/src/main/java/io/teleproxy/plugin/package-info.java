/** The plugin host: finds, verifies, loads, probes and stops plugins (pf4j). */
@NullMarked
package io.teleproxy.plugin;

import org.jspecify.annotations.NullMarked;
