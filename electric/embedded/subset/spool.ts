import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Body } from '../http/body.ts'

const MEMORY_BYTES = 1024 * 1024
const READ_BYTES = 256 * 1024

/**
 * Bytes that are written and then read once: in memory while they are few, beyond that in a file. So the database
 * is done with them as fast as it can give them, however slowly they are taken.
 */
export class Spool {
  readonly #folder: string
  #parts: Buffer[] = []
  #bytes = 0
  #file: FileHandle | null = null
  #isDisposed = false

  constructor(folder: string) {
    this.#folder = folder
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param bytes are the spool's from now on. */
  async write(bytes: Buffer): Promise<void> {
    this.#requireOpen()
    this.#bytes += bytes.length
    this.#parts.push(bytes)
    if (this.#file || this.#bytes > MEMORY_BYTES) await this.#flush()
  }

  /** Everything that was written, to be opened once at most. */
  async body(): Promise<Body> {
    if (!this.#file) return Buffer.concat(this.#parts)
    await this.#flush()
    return { open: () => this.#read() }
  }

  /** Gives the file back, also in the midst of writing or reading, which then fails. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    const file = this.#file
    this.#file = null
    this.#parts = []
    await file?.close()
  }

  async #flush(): Promise<void> {
    const parts = this.#parts
    this.#parts = []
    const file = this.#file ?? (await openNameless(join(this.#folder, `subset-${randomUUID()}`)))
    this.#file = file
    if (this.#isDisposed) await this.dispose()
    for (const part of parts) await file.writeFile(part)
  }

  #requireOpen(): void {
    if (this.#isDisposed) throw new Error('What was written is given up.')
  }

  async *#read(): AsyncGenerator<Buffer> {
    try {
      for (let at = 0; at < this.#bytes; ) {
        const part = Buffer.allocUnsafe(Math.min(READ_BYTES, this.#bytes - at))
        this.#requireOpen()
        const { bytesRead = 0 } = (await this.#file?.read(part, 0, part.length, at)) ?? {}
        if (bytesRead === 0) throw new Error('The file is shorter than what was written to it.')
        at += bytesRead
        yield part.subarray(0, bytesRead)
      }
    } finally {
      await this.dispose()
    }
  }
}

// Without a name it is gone with the process, however that ends.
async function openNameless(path: string): Promise<FileHandle> {
  const file = await open(path, 'wx+', 0o600)
  try {
    await rm(path)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
