/** The one place that knows which netty transport this machine has. */
@NullMarked
package io.teleproxy.net;

import org.jspecify.annotations.NullMarked;
