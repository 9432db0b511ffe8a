/** The run ended before anything was written. The message names what is wrong and what to do; it is all a person sees. */
export class ImportStopped extends Error {
  override name = 'ImportStopped'
}
