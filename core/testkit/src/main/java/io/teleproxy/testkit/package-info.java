/**
 * What every backend of an extension point has to pass, written once: a backend's own test extends
 * {@link io.teleproxy.testkit.InterceptorContract}.
 */
@NullMarked
package io.teleproxy.testkit;

import org.jspecify.annotations.NullMarked;
