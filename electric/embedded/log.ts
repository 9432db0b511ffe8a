/** Receives one line an event. */
export type Log = (level: 'info' | 'warn' | 'error', line: string) => void
