import type { Sql } from 'postgres'
import type { Figure } from '../figures.ts'
import type { HttpClient } from '../http-client.ts'
import type { Stack } from '../stack.ts'
import { liveDelivery } from './live-delivery.ts'
import { proxyLatency } from './proxy-latency.ts'
import { writeLatency } from './write-latency.ts'

/** What a measure gets. It ends what it started. */
export interface Bench {
  stack: Stack
  http: HttpClient
  /** As the app's own role, twenty connections. */
  sql: Sql
  rounds: number
  signal: AbortSignal
}

export type Measure = (bench: Bench) => Promise<Figure[]>

export const measures: Record<string, Measure> = {
  'live-delivery': liveDelivery,
  'proxy-latency': proxyLatency,
  'write-latency': writeLatency,
}
