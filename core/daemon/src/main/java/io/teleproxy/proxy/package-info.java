/** The transparent proxy: accepts redirected connections and carries them to SOCKS5 targets. */
@NullMarked
package io.teleproxy.proxy;

import org.jspecify.annotations.NullMarked;
