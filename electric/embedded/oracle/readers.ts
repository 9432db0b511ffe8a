import { ShapeReader, StreamReader } from './official-reader.ts'
import type { ReaderPlan } from './random-plan.ts'
import type { Reader } from './reader.ts'
import { StrictReader } from './strict-reader.ts'

export function createReader({ kind, subject, manner }: ReaderPlan, url: string): Reader {
  const official = { url, subject, isSse: kind === 'shape-sse' }
  const strict = { url, subject, manner, transport: 'long-poll', beginning: 'all' } as const
  switch (kind) {
    case 'shape':
    case 'shape-sse':
      return new ShapeReader(official)
    case 'stream':
      return new StreamReader({ ...official, isSse: manner === 'slow' })
    case 'raw':
      return new StrictReader(strict)
    case 'raw-sse':
      return new StrictReader({ ...strict, transport: 'sse' })
    case 'raw-poll':
      return new StrictReader({ ...strict, transport: 'poll' })
    case 'raw-changes':
      return new StrictReader({ ...strict, beginning: 'changes' })
    case 'raw-now':
      return new StrictReader({ ...strict, beginning: 'now' })
    case 'raw-subset':
      return new StrictReader({ ...strict, beginning: 'subset' })
  }
}
