/** A small imaginary cluster, served by this process, to try teleproxy without a real one. */
@NullMarked
package io.teleproxy.plugin.demo;

import org.jspecify.annotations.NullMarked;
