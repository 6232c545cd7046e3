/**
 * Containers of this machine, as their engine tells by its API socket: {@link
 * io.teleproxy.plugin.docker.ContainerView} is what is known of one, {@link
 * io.teleproxy.plugin.docker.ContainerTable} makes a table of all of them.
 */
@NullMarked
package io.teleproxy.plugin.docker;

import org.jspecify.annotations.NullMarked;
