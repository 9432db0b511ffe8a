/** Milliseconds; tests shorten some of them. */
export const TIMING = {
  /** Changes of what is followed go into one request when they come within this time. */
  coalesceMs: 10,
  /** Without a first byte by then, something on the way collects streams instead of passing them on. */
  firstByteMs: 5000,
  /** An answer that the server may take 20 seconds for, where streams are held back until they end. */
  onceMs: 45_000,
  /** A change of the stream that is not answered by then counts as lost. */
  changeMs: 5000,
  /** The server says something every ten seconds. */
  silenceMs: 25_000,
  /** How long a shape that nobody asks for keeps its place: the client aborts and asks again within moments. */
  abortedMs: 1000,
  unaskedMs: 5000,
  /** A place given up is taken off the stream when there is nothing better to do. */
  tidyMs: 2000,
  retryMs: 250,
  maxRetryMs: 30_000,
  /** How long to do without streaming before it is tried again. */
  directMs: 60_000,
  /** How long to open a new stream for every change where changes do not reach the process that carries it. */
  reopenMs: 300_000,
  /** A stream that has lasted this long works, and a shape that was not refused on it is being served. */
  settledMs: 3000,
}

export type Timing = typeof TIMING
