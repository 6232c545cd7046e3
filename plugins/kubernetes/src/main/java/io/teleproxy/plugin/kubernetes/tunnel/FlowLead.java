package io.teleproxy.plugin.kubernetes.tunnel;

/** Who looks after a flow until it has its far end. Called on the event loop. */
interface FlowLead {
  /** The way broke before the far end accepted: the flow waits to be attached again. */
  void lostBeforeAccepted(String reason);

  /** The flow has its far end, or has ended without one: nothing is left to do. */
  void done();
}
