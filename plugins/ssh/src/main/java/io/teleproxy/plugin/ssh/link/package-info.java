/** What is carried over a connection to an SSH server, and how that connection is kept. */
@NullMarked
package io.teleproxy.plugin.ssh.link;

import org.jspecify.annotations.NullMarked;
