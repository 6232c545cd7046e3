/** The log: lines on standard error. */
@NullMarked
package io.teleproxy.log;

import org.jspecify.annotations.NullMarked;
