/**
 * The names and routes of a cluster as a pure function of what was watched, after the Kubernetes
 * DNS specification 1.1.0 and what CoreDNS does beyond it.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.table;

import org.jspecify.annotations.NullMarked;
