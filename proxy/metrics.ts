import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ErrorCode } from '#server/errors.ts'
import type { Wires } from './live/wires.ts'
import type { TokenVerifier } from './shape-tokens.ts'
import type { Answers } from './upstream/answers.ts'

/** What is counted where it happens; all else is read off when somebody looks. */
export interface ProxyCounts {
  /** Single requests under way, live ones among them. */
  requests: number
  sentBytes: number
  errors: Map<ErrorCode | 'unexpected', number>
  /** Of one that does not wait: from its arrival to the end of its answer. */
  answered(seconds: number): void
}

export function countError({ errors }: ProxyCounts, code: ErrorCode | 'unexpected'): void {
  errors.set(code, (errors.get(code) ?? 0) + 1)
}

export interface Watched {
  answers: Answers
  wires: Wires
  tokens: TokenVerifier
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function watchProxy(registry: Registry, { answers, wires, tokens }: Watched): ProxyCounts {
  const latency = new Histogram({
    name: 'throughline_proxy_request_seconds',
    help: 'Snapshots and catch-up, from the request to the end of its answer.',
    buckets: SECONDS,
    registers: [registry],
  })
  const counts: ProxyCounts = {
    requests: 0,
    sentBytes: 0,
    errors: new Map(),
    answered: (seconds) => latency.observe(seconds),
  }
  const gauge = shower(Gauge, registry)
  gauge('streams', 'Live streams that are open.', () => wires.size)
  gauge('requests', 'Single shape requests under way, waiting ones among them.', () => counts.requests)
  gauge('live_entries', 'Shapes that are followed over live streams.', () => wires.entries)
  gauge('upstream_waits', 'Live requests that wait at Electric.', () => answers.waits)
  gauge('collapse_ratio', 'Requests of readers for each request to Electric.', () => ratioOf(answers))
  gauge('held_bytes', 'Bytes of answers in memory.', () => answers.heldBytes)
  gauge('token_cache_size', 'Verified tokens that are remembered.', () => tokens.counts.size)
  const counter = shower(Counter, registry)
  counter('joined_total', 'Answers that readers asked for.', () => answers.counts.joined)
  counter('asked_total', 'Answers that Electric was asked for.', () => answers.counts.asked)
  counter('failed_total', 'Answers that Electric did not give.', () => answers.counts.failed)
  counter('received_bytes_total', 'Bytes from Electric.', () => answers.counts.receivedBytes)
  counter('sent_bytes_total', 'Bytes of answers to readers.', () => counts.sentBytes)
  counter('token_cache_hits_total', 'Tokens that were known already.', () => tokens.counts.known)
  counter('token_checks_total', 'Tokens whose signature was checked.', () => tokens.counts.checked)
  new Counter({
    name: 'throughline_proxy_errors_total',
    help: 'Requests and entries of live streams that were refused, by code.',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [code, times] of counts.errors) this.inc({ code }, times)
    },
  })
  return counts
}

type Show = (name: string, help: string, read: () => number) => void

/** Metrics of one kind whose value is read off when somebody looks. */
function shower(Kind: typeof Gauge | typeof Counter, registry: Registry): Show {
  return (name, help, read) => {
    new Kind({
      name: `throughline_proxy_${name}`,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
}

function ratioOf({ counts: { joined, asked } }: Answers): number {
  return asked === 0 ? 1 : joined / asked
}
