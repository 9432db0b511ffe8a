/** What an answer begins with; null where a frame goes on with one. */
export type AnswerHead = { status: number; headers: Record<string, string> } | null

/** Only between frames: so that silence means that the stream is lost. */
export const HEARTBEAT: Buffer = Buffer.from('\n')

/** The first line of a frame, after which exactly so many bytes of the answer are written (format: FORMAT.md). */
export function encodeHead(id: string, answer: AnswerHead, bytes: number, more: boolean): Buffer {
  const head = {
    i: id,
    ...(answer && { s: answer.status, h: answer.headers }),
    n: bytes,
    ...(more && { more: 1 }),
  }
  return Buffer.from(`${JSON.stringify(head)}\n`)
}
