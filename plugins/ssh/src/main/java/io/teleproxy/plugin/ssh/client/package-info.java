/** How an SSH server is reached, believed and convinced: configuration, host keys, identities. */
@NullMarked
package io.teleproxy.plugin.ssh.client;

import org.jspecify.annotations.NullMarked;
