/** What {@code teleproxy doctor} looks at, whether a teleproxy runs or not. */
@NullMarked
package io.teleproxy.doctor;

import org.jspecify.annotations.NullMarked;
