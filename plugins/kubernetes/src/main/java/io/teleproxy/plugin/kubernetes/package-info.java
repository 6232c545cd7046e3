/** Kubernetes as a source of names and addresses: the extensions that the plugin host finds. */
@NullMarked
package io.teleproxy.plugin.kubernetes;

import org.jspecify.annotations.NullMarked;
