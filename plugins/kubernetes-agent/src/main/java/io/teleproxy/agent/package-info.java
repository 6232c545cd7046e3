/** The far end of the tunnel in a cluster: dials what HTTP/2 CONNECT requests ask for. */
@NullMarked
package io.teleproxy.agent;

import org.jspecify.annotations.NullMarked;
