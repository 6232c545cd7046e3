/** The API, from outside: how one process of ours speaks to another. */
@NullMarked
package io.teleproxy.client;

import org.jspecify.annotations.NullMarked;
