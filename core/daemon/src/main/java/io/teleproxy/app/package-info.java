/** The daemon: wires the parts together, in order, and takes them apart in reverse. */
@NullMarked
package io.teleproxy.app;

import org.jspecify.annotations.NullMarked;
