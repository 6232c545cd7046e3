@NullMarked
package io.teleproxy.plugin.ssh;

import org.jspecify.annotations.NullMarked;
