/** The REST API at http://teleproxy. */
@NullMarked
package io.teleproxy.api;

import org.jspecify.annotations.NullMarked;
