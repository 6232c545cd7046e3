/** SOCKS5 (RFC 1928): the server in front of tunnels and the client side used by the proxy. */
@NullMarked
package io.teleproxy.socks;

import org.jspecify.annotations.NullMarked;
