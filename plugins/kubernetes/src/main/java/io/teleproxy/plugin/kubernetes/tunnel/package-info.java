/**
 * The tunnel, which chooses between the ways into the cluster: an agent there, a port-forward to
 * the pod that a destination stands for, or nothing at all for the API server itself.
 *
 * <p>{@code KubernetesTunnel} opens a {@code TunnelSession}; each dial is a {@code Flow} (bytes and
 * their order) led by a {@code Dial} (where to, which way, retries, deadline), carried by a {@code
 * Carrier} of that way. All of them live on one event loop. {@code TunnelHealth} tells how it is.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.tunnel;

import org.jspecify.annotations.NullMarked;
