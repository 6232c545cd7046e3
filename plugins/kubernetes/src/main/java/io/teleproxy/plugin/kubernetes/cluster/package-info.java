/**
 * The cluster that both the watcher and the tunnel talk to: which one it is (kubeconfig), how to be
 * let in (TLS, credentials), and what stands behind which address (view). Nothing here opens a
 * connection of its own.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.cluster;

import org.jspecify.annotations.NullMarked;
