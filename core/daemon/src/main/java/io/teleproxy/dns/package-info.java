/** The overlay DNS server: answers from the tables, relays everything else unchanged. */
@NullMarked
package io.teleproxy.dns;

import org.jspecify.annotations.NullMarked;
