package io.teleproxy.journal;

import java.io.IOException;

/** How one change is undone, by whoever reads it in a journal. */
sealed interface Undo permits CommandUndo, FileUndo {
  /** What the change was, for people. */
  String what();

  /**
   * Undoes it. Does nothing if there is nothing to undo.
   *
   * @return what was done, for people; empty if nothing was
   * @throws IOException if it is still there
   */
  String run() throws IOException;
}
