/** Configuration: HOCON files and flags, checked at once, with file and line. */
@NullMarked
package io.teleproxy.config;

import org.jspecify.annotations.NullMarked;
