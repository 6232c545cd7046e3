/**
 * Interceptor for Windows, which redirects only what is addressed to the machine itself. So the
 * destinations become addresses of the loopback interface, the system's port proxy carries TCP from
 * there to an address of 127.0.0.0/8 that stands for one destination alone, and {@link
 * io.teleproxy.plugin.netsh.DatagramRelay} does the same for UDP, which the port proxy does not
 * know.
 */
@NullMarked
package io.teleproxy.plugin.netsh;

import org.jspecify.annotations.NullMarked;
