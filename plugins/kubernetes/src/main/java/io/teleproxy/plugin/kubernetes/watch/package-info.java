/**
 * Follows a cluster's objects: lists them, watches them, and puts up with everything that a network
 * and an API server can do in between.
 */
@NullMarked
package io.teleproxy.plugin.kubernetes.watch;

import org.jspecify.annotations.NullMarked;
