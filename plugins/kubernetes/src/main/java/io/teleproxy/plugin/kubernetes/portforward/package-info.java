/**
 * The tunnel that needs nothing in the cluster: every connection is a Kubernetes port-forward to
 * the pod that a destination stands for, spoken directly on netty as SPDY/3.1 frames.
 *
 * <p>From top to bottom: {@code KubernetesTunnel} opens a {@code TunnelSession}; each dial is a
 * {@code Flow} (bytes and their order) led by a {@code Dial} (where to, retries, deadline); a
 * {@code Carrier} carries it: a {@code PodStream} on a {@code PodConnection} from the {@code
 * PodPool}, or a {@code DirectCarrier} to the API server itself. All of them live on one event
 * loop.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.portforward;

import org.jspecify.annotations.NullMarked;
