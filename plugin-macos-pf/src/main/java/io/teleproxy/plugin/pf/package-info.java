/**
 * Interceptor for macOS. A plan becomes the text of one pf anchor ({@link
 * io.teleproxy.plugin.pf.AnchorRules}), which pfctl loads in one transaction ({@link
 * io.teleproxy.plugin.pf.Pfctl}); the system's resolver is told of our names through the dynamic
 * store ({@link io.teleproxy.plugin.pf.DynamicStore}); original destinations are asked from {@code
 * /dev/pf} ({@link io.teleproxy.plugin.pf.PfDevice}).
 */
@NullMarked
package io.teleproxy.plugin.pf;

import org.jspecify.annotations.NullMarked;
