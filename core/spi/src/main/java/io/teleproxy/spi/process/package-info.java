/** Programs of the operating system, run by plugins that change it through them. */
@NullMarked
package io.teleproxy.spi.process;

import org.jspecify.annotations.NullMarked;
