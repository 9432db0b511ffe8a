/** Closes the channel to the launcher, which otherwise keeps a finished program alive. */
export function leaveLauncher(): void {
  if (process.connected) process.disconnect?.()
}
