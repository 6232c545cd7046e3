/** What must be undone however we end, written down first: {@link io.teleproxy.spi.Journal}. */
@NullMarked
package io.teleproxy.journal;

import org.jspecify.annotations.NullMarked;
