/** Where an answer's bytes come from. Large ones never stand in memory whole. */
export type Body = Buffer | BodyStream

export interface BodyStream {
  /**
   * The length is not known beforehand. A failure midway must end the connection, so that nobody takes a part for the whole.
   * A buffer is the reader's until it asks for the next one.
   */
  open(): AsyncIterable<Buffer>
}
