/** Moves watcher and tunnel over when the kubeconfig leads somewhere else. */
@NullMarked
package io.teleproxy.plugin.kubernetes.follow;

import org.jspecify.annotations.NullMarked;
